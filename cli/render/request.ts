import type { Followed } from '../../scenarios/follow.ts'
import type { Paint } from '../paint.ts'
import { table } from './table.ts'
import { duration, shown, unheard, workloadOf } from './words.ts'

/** One request, hop by hop as the workloads recorded it, and the answer. */
export const renderRequest = (followed: Followed, { paint, columns }: { paint: Paint; columns: number }): string => {
  const { request, requestId, answer, ms, steps } = followed
  const result = answer.failure ? `no answer: ${answer.failure.name} (${answer.failure.code})` : String(answer.status)
  const colour = succeeded(followed) ? paint.good : paint.bad
  const rows = steps.map(step => [
    step.workload,
    `${step.method} ${step.path}`,
    String(step.status),
    duration(step.durationMs),
    callerOf(step),
    step.denied
      ? `denied: ${step.denied}`
      : [step.rule, step.failure?.name].filter(Boolean).join(', then ') || 'no rule',
  ])
  const titles = ['workload', 'request', 'status', 'took', 'caller']
  return [
    `${paint.strong(`${request.method} ${request.path}`)} → ${colour(result)} in ${duration(ms)}`,
    paint.dim(requestId === undefined ? 'No workload had the request.' : `request id ${requestId}`),
    '',
    ...(rows.length === 0
      ? []
      : [
          table([...titles.map(title => ({ title })), { title: 'allowed by', wrap: true }], rows, {
            width: columns,
            dim: paint.dim,
          }),
          '',
        ]),
    shown(answer.body, 2000),
    ...unheard(followed.away),
  ].join('\n')
}

/** An answer came, and it is no refusal. */
export const succeeded = ({ answer }: Followed): boolean => !answer.failure && answer.status < 400

const callerOf = ({ caller, callerBy }: Followed['steps'][number]): string =>
  caller === undefined ? 'nobody proven' : `${workloadOf(caller)} (by ${callerBy})`
