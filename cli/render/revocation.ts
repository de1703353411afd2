import type { Paint } from '../paint.ts'
import type { Meant } from '../revocables.ts'
import { count, duration, listed, moment, shown, workloadOf } from './words.ts'

type Look = { paint: Paint }

/** What is going to be revoked, said before it is. */
export const doomedLines = ({ rows, losing }: Meant, reason: string, { paint }: Look): string[] => [
  `${count(rows.length, 'certificate')} to revoke (${reason}):`,
  ...rows
    .slice(0, most)
    .map(
      ({ serial, name, notAfter }) =>
        `  ${serial}  ${shown(workloadOf(name), 80)}, valid until ${moment(new Date(notAfter).toISOString())}`,
    ),
  ...(rows.length > most ? [paint.dim(`  and ${rows.length - most} more`)] : []),
  ...(losing.length > 0
    ? [`${paint.warn('!')} ${listed(losing)} ${runs(losing)} on it now and will be out of the mesh.`]
    : []),
]

type Done = { serials: readonly string[]; acknowledged: boolean; ms: number; losing: readonly string[] }

/** How it went, and what comes next for a workload that lost its certificate. */
export const revokedLines = ({ serials, acknowledged, ms, losing }: Done, { paint }: Look): string[] => [
  acknowledged
    ? `${paint.good('Revoked')} ${count(serials.length, 'certificate')}: refused by every connected workload after ${duration(ms)}`
    : `${paint.bad('Revoked, but')} not every connected workload has said so after ${duration(ms)}; see hop state`,
  ...losing.flatMap(name => [
    `${paint.strong(name)} can neither call nor renew now.`,
    `When you know why it had to go: hop reenrol ${name}, which gives it a new key.`,
  ]),
]

const most = 12

const runs = (names: readonly string[]): string => (names.length === 1 ? 'runs' : 'run')
