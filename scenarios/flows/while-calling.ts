import type { Evidence } from '../scenario.ts'
import type { Attempt } from '../tools/attempt.ts'
import { count, outcome, succeeded } from './evidence.ts'

/** Calls made while something else was done, and those of them that came to nothing. */
export type Meanwhile = { calls: number; lost: Attempt[] }

/** Does `work` and makes one call after the other all the while, several at a time; at least one before it and one after it. */
export const whileCalling = async <Result>(
  call: () => Promise<Attempt>,
  work: () => Promise<Result>,
  atATime = 1,
): Promise<{ result: Result; meanwhile: Meanwhile }> => {
  const meanwhile: Meanwhile = { calls: 0, lost: [] }
  const callOnce = async () => {
    const attempt = await call()
    meanwhile.calls++
    if (!succeeded(attempt)) meanwhile.lost.push(attempt)
  }
  await callOnce()
  let over = false
  const calling = Promise.all(
    Array.from({ length: atATime }, async () => {
      while (!over) await callOnce()
    }),
  )
  try {
    return { result: await work(), meanwhile }
  } finally {
    over = true
    await calling
    await callOnce()
  }
}

/** How many there were, how many were lost, and what became of the first of those. */
export const meanwhileEvidence = ({ calls, lost }: Meanwhile, who: string): Evidence[] => [
  count(`${who} made meanwhile`, 'client', calls),
  count(`${who} lost meanwhile`, 'client', lost.length),
  ...lost.slice(0, 1).map(attempt => outcome('the first that was lost', 'client', attempt)),
]
