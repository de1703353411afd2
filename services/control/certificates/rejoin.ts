import { HopError } from '../../../pki/error.ts'
import type { Fleet } from '../fleet.ts'
import type { Bootstrap } from './bootstrap.ts'
import { byHand, type Rejoin } from './revocation.ts'

/**
 * Has workloads enrol anew that are processes of their own: those which are connected are told to, and those which are not
 * ask again and again. Rejects with `reenrol-by-hand`, and with `reenrol-timeout` where it did not come in time; it is let
 * in when it does.
 */
export const rejoinBySecret =
  (bootstrap: Pick<Bootstrap, 'knows' | 'readmit'>, fleet: Fleet, timeoutMs: number): Rejoin =>
  async name => {
    if (!bootstrap.knows(name)) throw byHand(name)
    const before = fleet.serialOf(name)
    bootstrap.readmit(name)
    fleet.send(name, { type: 'enrol' })
    const isNew = () => ![undefined, before].includes(fleet.serialOf(name))
    await fleet.until(isNew, AbortSignal.timeout(timeoutMs)).catch(() => {
      throw new HopError('reenrol-timeout', {
        field: `workload ${name}`,
        expected: `it to come within ${timeoutMs / 1000} s`,
        found: 'nothing of it',
        remedy: 'Start it: it is let in when it comes',
      })
    })
  }
