import { everywhere } from '../expected.ts'
import { outcome, succeeded } from '../flows/evidence.ts'
import { listeningAt } from '../flows/hops.ts'
import { comingBack, type Ended, nobodyTalks, type Stricter, stricterFrom, tryRollout } from '../flows/stricter.ts'
import { customer, unmanagedCaller } from '../flows/unmanaged.ts'
import { type Meanwhile, meanwhileEvidence, whileCalling } from '../flows/while-calling.ts'
import { restoringWire } from '../flows/wire.ts'
import type { LabClient } from '../lab-client.ts'
import { defineScenario, type Evidence, type Observed } from '../scenario.ts'
import type { Attempt } from '../tools/attempt.ts'
import { startHttpOnly } from '../tools/http-only.ts'

export default defineScenario({
  id: 'permissive-then-strict',
  claims: ['S4'],
  title: 'Does a rollout stop before it breaks somebody?',
  guarantee: 'strictness waits for the last caller in the old way, and comes back by itself where the new way fails',
  explanation:
    'An application that nobody knows of calls in plaintext while the lab goes to a stricter mode and customers order. While both ways are open it is served; the rollout refuses to narrow and names it, and completes once it is gone. Then a box on one link lets plaintext pass and breaks TLS: the rollout notices the failing orders and goes back by itself.',
  per: 'system',
  unless: nobodyTalks,
  expected: everywhere('holds'),
  run: lab =>
    comingBack(lab, async present => {
      const way = stricterFrom(lab.topology, present)!
      await lab.switchMode(way.lax)
      const ordering = await customer(lab)
      try {
        const refused = await refuseToNarrow(lab, way, ordering.call)
        await lab.switchMode(way.lax)
        return judgePhases({ way, refused, failed: await failOnTheNewWay(lab, way, ordering.call) })
      } finally {
        ordering.close()
      }
    }),
})

// longer than a call takes on a busy machine: who calls not once in it is not seen
const quick = { observeMs: 600 }
const watchful = { observeMs: 20_000, errorRate: 0.02, atLeast: 5 }

const refuseToNarrow = async (lab: LabClient, way: Stricter, order: () => Promise<Attempt>) => {
  const old = await unmanagedCaller(lab, way.before)
  const { result, meanwhile: orders } = await whileCalling(order, async () => {
    const { result: ended, meanwhile: calls } = await whileCalling(old.call, () => tryRollout(lab, way.strict, quick))
    const { mode, rollout } = await lab.state()
    const held = { mode, step: rollout?.step, reached: rollout?.reached }
    return { ended, calls, held, completed: await tryRollout(lab, way.strict, quick) }
  })
  return { ...result, orders, caller: old.from, afterwards: await old.call() }
}

const failOnTheNewWay = async (lab: LabClient, way: Stricter, order: () => Promise<Attempt>) => {
  const { id, callee } = way.before.link
  const box = await startHttpOnly(lab.standsAt, await listeningAt(lab, callee))
  try {
    return await restoringWire(lab, id, async () => {
      await lab.wire(id).redirect(box.address)
      await lab.wire(id).cut()
      const before = await order()
      const { result: ended, meanwhile: orders } = await whileCalling(order, () =>
        tryRollout(lab, way.strict, watchful),
      )
      const { mode, rollout } = await lab.state()
      return { before, ended, orders, mode, underWay: rollout !== null, after: await order() }
    })
  } finally {
    await box.close()
  }
}

/** What came of narrowing while somebody still called the old way, and after he was gone. */
type Refused = {
  ended: Ended
  calls: Meanwhile
  orders: Meanwhile
  held: { mode: string; step: string | undefined; reached: boolean | undefined }
  completed: Ended
  caller: string
  afterwards: Attempt
}

/** What came of a new way that fails. */
type Failed = { before: Attempt; ended: Ended; orders: Meanwhile; mode: string; underWay: boolean; after: Attempt }

type Phases = { way: Pick<Stricter, 'lax' | 'strict' | 'before'>; refused: Refused; failed: Failed }

/**
 * Holds when the caller was named and kept being served, nothing was lost, the rollout completed without him, and the one
 * that failed went back. The control: the strict mode does turn him away, and the new way did fail.
 */
export const judgePhases = ({ way: { lax, strict, before }, refused, failed }: Phases): Observed => {
  const { id, callee } = before.link
  const waited =
    refused.ended.refused?.code === 'rollout-callers-remain' &&
    String(refused.ended.refused.found).includes(`${refused.caller} `) &&
    refused.held.mode === lax &&
    refused.held.step === 'move' &&
    refused.held.reached === true
  const kept = refused.calls.lost.length === 0 && refused.orders.lost.length === 0
  const completed = refused.completed.outcome?.mode === strict
  const wentBack =
    failed.ended.refused?.code === 'rollout-rolled-back' &&
    String(failed.ended.refused.found).includes(id) &&
    failed.mode === lax &&
    !failed.underWay &&
    succeeded(failed.after)
  const broken = [
    ...(waited ? [] : [`narrowing did not wait for ${refused.caller}: ${told(refused.ended)}`]),
    ...(kept ? [] : ['requests were lost while both ways were open']),
    ...(completed ? [] : [`it did not complete once he was gone: ${told(refused.completed)}`]),
    ...(wentBack ? [] : [`it did not go back where ${id} failed: ${told(failed.ended)}`]),
  ]
  return {
    verdict: broken.length === 0 ? 'holds' : 'broken',
    because:
      broken.length === 0
        ? `from ${lax} to ${strict} it waited for ${refused.caller}, who was served ${refused.calls.calls} times, and lost nothing; with ${id} failing it went back after ${failed.orders.lost.length} lost orders`
        : broken.join('; '),
    evidence: [
      said('the rollout while he calls', refused.ended),
      ...meanwhileEvidence(refused.calls, `calls of ${refused.caller}`),
      ...meanwhileEvidence(refused.orders, 'orders'),
      said('the rollout without him', refused.completed),
      said(`the rollout with ${id} failing`, failed.ended),
      ...meanwhileEvidence(failed.orders, 'orders, with one link failing,'),
    ],
    control: {
      passed: !succeeded(refused.afterwards) && succeeded(failed.before) && failed.orders.lost.length > 0,
      evidence: [
        outcome(`what ${refused.caller} got of ${callee} afterwards`, id, refused.afterwards),
        outcome('an order in the old way past the box', 'client', failed.before),
      ],
    },
  }
}

const told = ({ outcome, refused }: Ended): string =>
  refused ? refused.code : `it ended in ${outcome.mode}${outcome.heldAt ? `, held at ${outcome.heldAt}` : ''}`

const said = (title: string, ended: Ended): Evidence => ({
  ...{ kind: 'text', title, where: 'control' },
  text: ended.refused ? `${ended.refused.code}: ${ended.refused.found ?? ended.refused.message}` : told(ended),
})
