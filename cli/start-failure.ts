import { HopError } from '../pki/error.ts'

type Asked = { operatorPort?: number; edgePort?: number }

/** Why a lab did not start, in terms of what was asked for: the system only names a port. */
export const startFailure = (error: unknown, asked: Asked): unknown => {
  const cause = rootOf(error)
  const { code, port } = cause as { code?: string; port?: number }
  const option = Object.entries({ '--operator-port': asked.operatorPort, '--edge-port': asked.edgePort })
  const [field, number] = option.find(([, wanted]) => wanted !== undefined && wanted === port) ?? ['port', port]
  if (code === 'EADDRINUSE')
    return new HopError('port-taken', {
      field,
      expected: 'a free port',
      found: `${number}, which something else listens on`,
      remedy: 'Choose another port, or leave the option out to take any free one',
      cause,
    })
  if (code === 'EACCES' && port !== undefined)
    return new HopError('port-forbidden', {
      field,
      expected: 'a port you may listen on',
      found: String(number),
      remedy: 'Choose one above 1023',
      cause,
    })
  if (error instanceof Error && error.name === 'TimeoutError')
    return new HopError('lab-not-ready', {
      field: 'workloads',
      expected: 'all of them to enrol and do as told',
      found: 'some that did not in time',
      remedy: 'lab.log in the state directory says more; another state directory starts afresh',
      cause,
    })
  return error
}

const rootOf = (error: unknown): unknown => {
  let root = error
  while (root instanceof HopError && root.cause instanceof Error) root = root.cause
  return root
}
