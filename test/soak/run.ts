import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type SoakResult, soak } from './soak.ts'

/*
 * A compressed year of the shop: certificates that live for seconds, rotations, revocations, mode switches, break-glass,
 * and a control plane that is killed in the middle of them, under load without a pause. Exit 0 only if nothing was lost
 * and nothing grew. `npm run test:soak -- --requests 1000000 --rounds 4 --minutes 25`.
 */
const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '20000' },
    rounds: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '5' },
    seed: { type: 'string', default: String(Date.now() % 1e9) },
    lifetime: { type: 'string', default: '10' },
    kills: { type: 'string', default: '0.5' },
    pause: { type: 'string', default: '1000' },
    kept: { type: 'string', default: '12' },
    fresh: { type: 'string', default: '1' },
    inner: { type: 'string', default: '2' },
    'order-every': { type: 'string', default: '10' },
    /** How much the heap of a process may grow from the first third to the last. */
    growth: { type: 'string', default: '1.15' },
    json: { type: 'string' },
  },
})

const verdictOf = (result: SoakResult): string[] => [
  ...result.lost
    .slice(0, 50)
    .map(({ at, kind, code, message, during }) => `lost at ${at} ms (${kind}, ${during}): ${code} ${message}`),
  ...(result.lost.length > 50 ? [`and ${result.lost.length - 50} more lost`] : []),
  ...result.violations,
  ...Object.entries(result.growth).flatMap(([process, { heap, handles }]) => [
    // before so many the shop's own stores, which hold ten thousand records each, are still filling
    ...(Number(values.requests) >= 300_000 && heap > Number(values.growth)
      ? [`the heap of the ${process} grew ${heap.toFixed(2)} times`]
      : []),
    ...(handles > Number(values.growth) ? [`the file handles of the ${process} grew ${handles.toFixed(2)} times`] : []),
  ]),
]

const result = await soak({
  ...{ requests: Number(values.requests), rounds: Number(values.rounds), minutes: Number(values.minutes) },
  ...{ seed: Number(values.seed), lifetimeS: Number(values.lifetime), kills: Number(values.kills) },
  pauseMs: Number(values.pause),
  crowd: {
    ...{ kept: Number(values.kept), fresh: Number(values.fresh), inner: Number(values.inner) },
    orderEvery: Number(values['order-every']),
  },
  say: line => void process.stdout.write(`${line}\n`),
})
if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(result, undefined, 1))
const { vitals: _, lost, ...summary } = result
process.stdout.write(`${JSON.stringify({ ...summary, lost: lost.length }, undefined, 1)}\n`)
const wrong = verdictOf(result)
for (const line of wrong) process.stdout.write(`WRONG: ${line}\n`)
process.stdout.write(wrong.length === 0 ? 'nothing lost, nothing grew\n' : `${wrong.length} things are wrong\n`)
process.exit(wrong.length === 0 ? 0 : 1)
