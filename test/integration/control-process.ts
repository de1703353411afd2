import { pino } from 'pino'
import { type ControlOptions, createControl } from '../../services/control/control.ts'
import { readTopology } from '../../services/topology/file.ts'

/** A control plane in a process of its own, for tests that kill it. Says where it is on standard output. */
const [stateDir = '', workloadPort = '0', operatorPort = '0', more = '{}'] = process.argv.slice(2)
const { clockOffsetMs = 0, ...options } = JSON.parse(more) as Partial<ControlOptions> & { clockOffsetMs?: number }
const control = createControl({
  stateDir,
  workloadPort: Number(workloadPort),
  operatorPort: Number(operatorPort),
  topology: readTopology('topologies/shop.yaml'),
  initialMode: 'edge-terminate-plaintext',
  rate: { perSecond: 1e9, burst: 1e9 },
  clock: () => Date.now() + clockOffsetMs,
  log: pino({ level: 'silent' }),
  ...options,
})
await control.start()
const { bootstrap, operatorToken } = control
const tokens = Object.fromEntries(
  control.operations.state().workloads.map(({ name }) => [name, control.operations.joinToken(name, 'test')]),
)
const said = {
  workload: control.workloadAddress(),
  operator: control.operatorAddress(),
  bootstrap,
  operatorToken,
  tokens,
}
process.stdout.write(`${JSON.stringify(said)}\n`)
