import type { Act } from './acts.ts'

/** New lists for everybody, a few times over: nobody has to leave for them. */
export const listsAnew: Act = {
  name: 'lists',
  async run({ shop, random, insist, measured }) {
    const { version: before } = await insist(() => shop.lab.lifecycle.trust())
    for (let times = 1 + random.number(4); times > 0; times--) {
      const lifetimeS = 3600 + Math.floor(random.number(3600))
      await insist(() => shop.lab.setSwitch('revocation', { lists: 'renewed', failure: 'hard-fail', lifetimeS }))
    }
    const { version } = await insist(() => shop.lab.lifecycle.trust())
    measured('changes of trust in an act', version - before)
  },
}
