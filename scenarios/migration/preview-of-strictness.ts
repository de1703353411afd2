import type { Transport } from '../../services/chassis/transport.ts'
import type { LastingCaller } from '../../services/control/rollout/guard-settings.ts'
import type { Mode } from '../../services/modes.ts'
import { everywhere } from '../expected.ts'
import { outcome, succeeded } from '../flows/evidence.ts'
import { comingBack, nobodyTalks, stricterFrom } from '../flows/stricter.ts'
import { type Calling, customer, unmanagedCaller } from '../flows/unmanaged.ts'
import { breakingCallers } from '../plan/breaking-callers.ts'
import { planFor } from '../plan/plan.ts'
import { defineScenario, type Evidence, type Observed } from '../scenario.ts'
import type { Attempt } from '../tools/attempt.ts'

export default defineScenario({
  id: 'preview-of-strictness',
  claims: ['S5'],
  title: 'Does the preview of a stricter mode tell who will break?',
  guarantee: 'whom the plan names is turned away under the stricter mode, and whom it does not name is served',
  explanation:
    'While both ways are open, two applications that nobody knows of call the same workload, one in plaintext and one as the stricter mode wants it, and a customer orders. The plan sees only what callees recorded. Then the stricter mode comes: the one it named must be turned away, and nobody else.',
  per: 'system',
  unless: nobodyTalks,
  expected: everywhere('holds'),
  run: lab =>
    comingBack(lab, async present => {
      const { lax, strict, before, after } = stricterFrom(lab.topology, present)!
      await lab.switchMode(lax)
      await lab.switchMode(strict, undefined, { stopAt: 'widen' })
      const buyer = await customer(lab)
      try {
        const callers: [string, Calling][] = [
          [`an application in ${before.transport}`, await unmanagedCaller(lab, before)],
          [`an application by ${after.transport}`, await unmanagedCaller(lab, after)],
          ['a customer', buyer],
        ]
        const served = await Promise.all(callers.map(([, { call }]) => call()))
        const { sections, passed } = await planFor(lab, strict, undefined, [breakingCallers])
        await lab.switchMode(strict)
        const later = await Promise.all(callers.map(([, { call }]) => call()))
        const named = sections.flatMap(({ items }) => items) as LastingCaller[]
        return judgePreview({
          strict,
          named,
          foretold: !passed,
          callers: callers.map(([who, { from, transport }], i) => ({
            who,
            from,
            transport,
            before: served[i]!,
            after: later[i]!,
          })),
        })
      } finally {
        buyer.close()
      }
    }),
})

type Previewed = {
  strict: Mode
  /** Whom the plan named. */
  named: readonly LastingCaller[]
  /** It said that somebody would break. */
  foretold: boolean
  callers: readonly Caller[]
}

type Caller = { who: string; from: string; transport: Transport; before: Attempt; after: Attempt }

/** Holds when those named are those who broke. The control: all were served before, one broke, one did not. */
export const judgePreview = ({ strict, named, foretold, callers }: Previewed): Observed => {
  const isOf = ({ address, transport }: LastingCaller, caller: Caller) =>
    address === caller.from && transport === caller.transport
  const isNamed = (caller: Caller) => named.some(one => isOf(one, caller))
  const broke = callers.filter(({ before, after }) => succeeded(before) && !succeeded(after))
  const wrong = callers.filter(caller => isNamed(caller) !== broke.includes(caller))
  const unknown = named.filter(one => !callers.some(caller => isOf(one, caller)))
  const holds = wrong.length === 0 && unknown.length === 0 && foretold === broke.length > 0
  return {
    verdict: holds ? 'holds' : 'broken',
    because: holds
      ? `${broke.map(({ who }) => who).join(', ')} was named and is turned away under ${strict}; the others were not named and are served`
      : wrong.length > 0
        ? wrong.map(caller => `${caller.who} was ${isNamed(caller) ? '' : 'not '}named, and not rightly`).join('; ')
        : `it named ${unknown.map(({ address }) => address).join(', ') || 'nobody'}, and ${broke.length} broke`,
    evidence: [
      ...named.map(
        ({ address, callee, transport, caller, requests }): Evidence => ({
          ...{ kind: 'text', title: 'the plan names', where: callee },
          text: `${address}${caller === undefined ? '' : ` as ${caller}`} by ${transport}, seen ${requests} times`,
        }),
      ),
      ...callers.map(({ who, from, after }) => outcome(`${who} afterwards`, from, after)),
    ],
    control: {
      passed: callers.every(({ before }) => succeeded(before)) && broke.length > 0 && broke.length < callers.length,
      evidence: callers.map(({ who, from, before }) => outcome(`${who} before`, from, before)),
    },
  }
}
