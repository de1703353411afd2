import { parseArgs } from 'node:util'
import { listsAnew } from './lists.ts'
import { soak } from './soak.ts'

/*
 * Trust changes hundreds of times and the control plane is killed hundreds of times, under load, while nobody's certificate
 * is touched. Exit 0 only if no request was lost. `node test/soak/storm.ts --restarts 200 --seed 7`.
 */
const { values } = parseArgs({
  options: {
    restarts: { type: 'string', default: '200' },
    seed: { type: 'string', default: String(Date.now() % 1e9) },
    minutes: { type: 'string', default: '20' },
  },
})
const perRound = 20
const result = await soak({
  ...{ requests: 0, rounds: Math.ceil(Number(values.restarts) / perRound), minutes: Number(values.minutes) },
  ...{ seed: Number(values.seed), lifetimeS: 3600, kills: 1, pauseMs: 1500 },
  crowd: { kept: 6, fresh: 1, inner: 2, orderEvery: 10 },
  acts: Array.from({ length: perRound }, () => listsAnew),
  say: line => void process.stdout.write(`${line}\n`),
})
const { vitals: _, lost, violations, kills, measured, answered } = result
process.stdout.write(
  `${JSON.stringify({ seed: result.seed, answered, kills, measured, violations, lost }, undefined, 1)}\n`,
)
process.exit(lost.length === 0 && violations.length === 0 ? 0 : 1)
