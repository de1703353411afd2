import type { Calls } from '../../scenarios/calls.ts'
import type { Paint } from '../paint.ts'
import { table } from './table.ts'
import { shown, workloadOf } from './words.ts'

/** What the other columns take, with workloads of nine letters. */
const besideRequest = 79

/** Who called whom, and by which rule; the latest last. */
export const renderCalls = (calls: readonly Calls[], { paint, columns }: { paint: Paint; columns: number }): string => {
  if (calls.length === 0) return 'No such call is remembered.'
  const longest = Math.max(16, Math.min(32, columns - besideRequest))
  const rows = calls.map(call => [
    call.callee,
    call.caller === undefined ? paint.dim('nobody') : shown(workloadOf(call.caller), 40),
    proofOf(call, paint),
    call.method === undefined ? paint.dim('–') : shown(`${call.method} ${call.path}`, longest),
    call.rule === undefined ? paint.bad(`denied: ${shown(call.denied ?? '', 120)}`) : call.rule,
    String(call.times),
    call.last.slice(11, 19),
  ])
  const titles = ['callee', 'caller', 'proven by', 'request', 'allowed by', 'times', 'last']
  const shape = titles.map(title => ({ title, wrap: title === 'allowed by', right: title === 'times' }))
  return table(shape, rows, { width: columns, dim: paint.dim })
}

/** `certificate 47bb56…`; who only says his name proves nothing by it. */
const proofOf = ({ by, certificates }: Calls, paint: Paint): string => {
  if (by === 'nobody') return paint.dim('nothing')
  if (by === 'header') return paint.warn('his word only')
  const [first, ...others] = certificates
  if (first === undefined) return 'a certificate'
  return others.length > 0 ? `${certificates.length} certificates` : `certificate ${first.slice(0, 6)}…`
}
