import { parseArgs } from 'node:util'
import { killAtEveryStep } from './kills.ts'

/*
 * kill -9 of the control plane at every step of CA rotations, and at any instant of them, under load.
 * Exit 0 only if it recovered every time, lost no request and no serial. `node test/soak/kill.ts --kills 200`.
 */
const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    seed: { type: 'string', default: String(Date.now() % 1e9) },
    lifetime: { type: 'string', default: '30' },
  },
})
const result = await killAtEveryStep({
  ...{ kills: Number(values.kills), seed: Number(values.seed), lifetimeS: Number(values.lifetime) },
  crowd: { kept: 4, fresh: 1, inner: 1, orderEvery: 10 },
  say: line => void process.stdout.write(`${line}\n`),
})
process.stdout.write(`${JSON.stringify(result, undefined, 1)}\n`)
const { recovered, kills, lost, serials, failures, books } = result
const well =
  recovered === kills &&
  !lost.length &&
  !serials.twice.length &&
  !serials.unknown.length &&
  !failures.length &&
  books.intact
process.stdout.write(`${recovered} of ${kills} recoveries, ${lost.length} requests lost\n`)
process.exit(well ? 0 : 1)
