import type { Intruded, Papers } from '../../scenarios/intrude.ts'
import { linkTitle } from '../../services/topology/topology.ts'
import type { Screen } from '../screen.ts'
import { wrap } from './table.ts'
import { shown, workloadOf } from './words.ts'

type Told = Intruded & { papers: Papers; says: string | null }

/** Who came with what, and what the callee made of it: two lines. */
export const renderIntruded = (call: Told, { paint, columns }: Pick<Screen, 'paint' | 'columns'>): string => {
  const said = call.says === null ? 'naming nobody' : `who says that he is ${workloadOf(call.says)}`
  return [
    `${linkTitle(call.link)} over ${call.transport}, by an insider with ${papersOf(call.papers)}, ${said}`,
    outcomeOf[call.outcome](call, paint),
  ]
    .flatMap(line => wrap(line, columns))
    .join('\n')
}

const papersOf = (papers: Papers): string => {
  if (papers === 'none') return 'no certificate'
  if (papers === 'self-signed') return 'a certificate signed by its own key'
  return papers === 'foreign' ? 'a certificate of a foreign CA' : `the real certificate of ${papers.of}`
}

const proof = { certificate: 'proven by certificate', header: 'by his word only', nobody: 'proven by nothing' }

const takenFor = ({ callee, caller, callerBy }: Told): string =>
  `${callee} took him for ${caller === null ? 'nobody' : workloadOf(caller)}, ${proof[callerBy]}`

const asked = ({ request }: Told): string => shown(`${request?.method} ${request?.path}`, 60)

const outcomeOf: Record<Intruded['outcome'], (call: Told, paint: Screen['paint']) => string> = {
  served: (call, paint) =>
    `${paint.bad('served')}   ${asked(call)}: ${takenFor(call)}; rule ${call.rule}; answered ${call.status}`,
  denied: (call, paint) =>
    `${paint.good('denied')}   ${asked(call)}: ${takenFor(call)}; ${shown(call.denied ?? '', 100)}`,
  refused: ({ callee, failure }, paint) =>
    `${paint.good('refused')}  ${callee} refused the connection: ${failure?.name ?? 'no cause'} (${failure?.code ?? '-'})`,
}
