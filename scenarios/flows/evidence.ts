import type { ConnectionRecord, RequestRecord } from '../../services/chassis/observation.ts'
import type { Evidence } from '../scenario.ts'
import type { Attempt } from '../tools/attempt.ts'

const around = 24

/** The needle where it stood in the bytes, with what stood around it. */
export const excerpt = (title: string, where: string, bytes: Buffer, needle: string): Evidence => {
  const at = bytes.indexOf(needle)
  const piece = bytes.subarray(Math.max(0, at - around), at + needle.length + around)
  return { kind: 'bytes', title, where, text: printable(piece), hex: piece.toString('hex') }
}

/** The end of a stream, where nothing could be read: what the eavesdropper is left with. */
export const unreadable = (title: string, where: string, bytes: Buffer): Evidence => {
  const piece = bytes.subarray(Math.max(0, bytes.length - 3 * around))
  return { kind: 'bytes', title, where, text: printable(piece), hex: piece.toString('hex') }
}

export const count = (title: string, where: string, number: number): Evidence => ({
  ...{ kind: 'count', title, where, text: String(number) },
})

/** What the sender of a request got. */
export const outcome = (title: string, where: string, attempt: Attempt): Evidence =>
  attempt.answered
    ? { kind: 'request', title, where, text: `${attempt.status} ${attempt.body.slice(0, 300)}`.trim() }
    : { kind: 'failure', title, where, text: `${attempt.failure.name} (${attempt.failure.code})` }

/** How a workload handled a request: whom it took the caller for, and by which rule. */
export const handled = (title: string, where: string, record: RequestRecord): Evidence => {
  const { method, path, status, caller, callerBy, rule, denied } = record
  const who = caller === undefined ? 'an unnamed caller' : `${caller} by ${callerBy}`
  const decision = denied === undefined ? `allowed by ${rule}` : `denied: ${denied}`
  return { kind: 'request', title, where, text: `${method} ${path} from ${who}, ${decision}, answered ${status}` }
}

type Failed = Pick<ConnectionRecord, 'failure' | 'side'>

/** How a workload refused or lost a connection. */
export const failed = (title: string, where: string, { failure, side }: Failed): Evidence => ({
  ...{ kind: 'failure', title, where, text: `${failure?.name} (${failure?.code}), seen by the ${side}` },
})

/** Was it answered, and with success? */
export const succeeded = (attempt: Attempt): boolean =>
  attempt.answered && attempt.status >= 200 && attempt.status < 300

const printable = (bytes: Buffer): string => bytes.toString('latin1').replace(/[^\x20-\x7e]/g, '.')
