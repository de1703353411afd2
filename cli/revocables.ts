import { HopError } from '../pki/error.ts'
import type { CertificateRow } from '../services/control/certificates/trust-state.ts'
import type { ControlState } from '../services/control/glance.ts'
import { nearest } from '../services/nearest.ts'

/** What is to be revoked, the certificates that are, and the running workloads that hold one of them. */
export type Meant = { what: { id: string } | { serials: string[] }; rows: CertificateRow[]; losing: string[] }

/** Certificates a workload holds now, by workload. */
export type Held = Record<string, readonly { serial: string }[]>

/**
 * Words as people write them: one workload, SPIFFE ID or DNS name, which means all that is live in it; or serials, each cut
 * short as far as it stays one certificate's. Throws `usage`, `revocable-unknown` (none of these was ever issued to), and
 * `nothing-to-revoke` (a name in which nothing is live).
 */
export const meantBy = (
  words: readonly string[],
  issued: readonly CertificateRow[],
  workloads: ControlState['workloads'],
  held: Held,
  now: number,
): Meant => {
  const [first = '', ...more] = words
  const id = nameIn(first, workloads)
  if (id !== undefined && more.length > 0)
    throw new HopError('usage', { field: 'what', expected: 'one name, or serials', found: shortened(words.join(' ')) })
  if (id !== undefined && !issued.some(({ name }) => name === id)) throw unknown(first, workloads)
  const live = issued.filter(({ revokedAt, notAfter }) => revokedAt === null && notAfter > now)
  const rows =
    id === undefined
      ? [...new Set(words.map(word => bySerial(word, issued, workloads)))]
      : live.filter(({ name }) => name === id)
  if (rows.length === 0)
    throw new HopError('nothing-to-revoke', {
      field: 'what',
      expected: 'a name with a certificate that is valid and not revoked yet',
      found: shortened(first),
      remedy: 'hop certificates --all shows what was issued',
    })
  const serials = rows.map(({ serial }) => serial)
  const losing = Object.entries(held).filter(([, certificates]) =>
    certificates.some(one => serials.includes(one.serial)),
  )
  return { what: id === undefined ? { serials } : { id }, rows, losing: losing.map(([name]) => name) }
}

const nameIn = (word: string, workloads: ControlState['workloads']): string | undefined => {
  const workload = workloads.find(({ name, id }) => name === word || id === word)
  if (workload) return workload.id
  return word.startsWith('spiffe://') || word.includes('.') ? word : undefined
}

const bySerial = (
  word: string,
  issued: readonly CertificateRow[],
  workloads: ControlState['workloads'],
): CertificateRow => {
  const start = word.toLowerCase()
  const found = /^[0-9a-f]{4,64}$/.test(start)
    ? issued.filter(({ serial }) => serial.toLowerCase().startsWith(start))
    : []
  const [row, another] = found
  if (row && !another) return row
  throw unknown(word, workloads, another && `, which ${found.length} serials begin with`)
}

const unknown = (word: string, workloads: ControlState['workloads'], more = '') => {
  const meant = nearest(
    word,
    workloads.flatMap(({ name, id }) => [name, id]),
  )
  return new HopError('revocable-unknown', {
    field: 'what',
    expected: 'a workload, a SPIFFE ID, a DNS name, or the serial of one certificate that was issued here',
    found: `${shortened(word)}${more}`,
    remedy: `${meant === undefined ? '' : `Did you mean ${meant}? `}hop certificates --all shows what was issued`,
  })
}

const shortened = (word: string): string => JSON.stringify(word.slice(0, 200))
