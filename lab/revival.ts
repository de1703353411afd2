import type { Logger } from 'pino'
import type { Operations } from '../services/control/operations.ts'
import type { Member } from '../services/member.ts'

/** How often it is looked whether somebody's certificate ran out, ms: a sleeping machine's timers tell nobody. */
const usualMs = 5_000

/** So long is waited after a try that failed, ms. */
const patienceMs = 60_000

type Parts = {
  members: ReadonlyMap<string, Pick<Member, 'certificate'>>
  operations: Pick<Operations, 'switches' | 'certificates' | 'reenrol'>
  clock: () => number
  log: Pick<Logger, 'warn'>
  everyMs?: number | undefined
}

/**
 * A machine that sleeps longer than certificates live wakes to members who cannot renew any more. Those of this process are
 * let in again; never one that was revoked, or whose renewal or trust is withheld on purpose. Returns what ends it.
 */
export const reviveLapsed = ({ members, operations, clock, log, everyMs = usualMs }: Parts): (() => Promise<void>) => {
  /** Serials that had run out when it was looked last: one that is being renewed just then needs nobody. */
  let before: ReadonlySet<string> = new Set()
  let patientUntil = 0
  let looking: Promise<void> | undefined

  const lapsed = () => {
    const { renewal, trustWithheld } = operations.switches()
    const wanted = (name: string) => (renewal[name]?.on ?? true) && !trustWithheld.includes(name)
    return [...members].flatMap(([name, member]) => {
      const held = member.certificate()
      return held && Date.parse(held.notAfter) <= clock() && wanted(name) ? [{ ...held, name }] : []
    })
  }

  const standsStill = (serial: string): boolean =>
    operations.certificates().some(row => row.serial.toLowerCase() === serial && row.revokedAt === null)

  const look = async (): Promise<void> => {
    const now = lapsed()
    const due = now.filter(({ serial }) => before.has(serial))
    before = new Set(now.map(({ serial }) => serial))
    if (performance.now() < patientUntil) return
    for (const { name, serial, notAfter } of due) {
      if (!standsStill(serial)) continue
      const reason = `its certificate ran out at ${notAfter} and nobody had renewed it`
      await operations.reenrol(name, { who: 'lab', reason }).catch(error => {
        patientUntil = performance.now() + patienceMs
        log.warn({ workload: name, reason: String(error) }, 'a workload whose certificate ran out was not let in again')
      })
    }
  }

  const timer = setInterval(() => {
    looking ??= look()
      .catch(error => log.warn({ reason: String(error) }, 'nobody looked for certificates that ran out'))
      .finally(() => {
        looking = undefined
      })
  }, everyMs)
  timer.unref()
  return async () => {
    clearInterval(timer)
    await looking
  }
}
