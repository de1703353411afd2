import { setTimeout as wait } from 'node:timers/promises'
import type { AlertName } from '../alerts/conditions.ts'
import { observeAlerts } from '../alerts/observe.ts'
import type { LabClient } from '../lab-client.ts'
import { mark } from './records.ts'

/** An alert and where it fires: a workload or a link. */
export type FiredAt = { alert: string; where: string }

/** Something that goes wrong, every alert that is to fire while it does, and what else may for whoever looks late. */
export type Provocation = { what: string; deserves: readonly Deserved[]; may?: readonly Deserved[] }

type Deserved = { alert: AlertName; where: string }

/** What fired at one moment, and what went wrong then. */
export type Moment = { active: readonly Provocation[]; firing: readonly FiredAt[] }

/** Looks at the alerts of a lab again and again, and keeps what it saw. */
export type AlertWatch = {
  moments: Moment[]
  /** Once, while these things go wrong. */
  look(active: readonly Provocation[]): Promise<Moment>
  /** Until all that `wanted` deserve has fired (of none: until all is quiet), or it has taken too long: as long as `mostMs`, if that is longer. */
  until(active: readonly Provocation[], wanted?: readonly Provocation[], mostMs?: number): Promise<Moment>
}

const patienceMs = 3_000

/** Who looks without a pause slows down what he looks at. */
const pauseMs = 10

/** Of connections only what comes from now on counts. */
export const createAlertWatch = async (lab: LabClient): Promise<AlertWatch> => {
  const marks = await mark(lab)
  const moments: Moment[] = []
  const look: AlertWatch['look'] = async active => {
    const firing = (await observeAlerts(lab, marks)).map(({ alert, labels }) => ({
      ...{ alert, where: labels.workload ?? labels.link ?? '' },
    }))
    const moment = { active, firing }
    moments.push(moment)
    return moment
  }
  return {
    moments,
    look,
    async until(active, wanted = active, mostMs = 0) {
      const began = performance.now()
      const deserved = wanted.flatMap(({ deserves }) => deserves)
      for (;;) {
        const moment = await look(active)
        const { firing } = moment
        const done = wanted.length === 0 ? firing.length === 0 : deserved.every(alert => firing.some(isAt(alert)))
        if (done || performance.now() - began > Math.max(patienceMs, mostMs)) return moment
        await wait(pauseMs)
      }
    },
  }
}

/** Is it the same alert at the same place? */
export const isAt =
  ({ alert, where }: FiredAt) =>
  (other: FiredAt): boolean =>
    other.alert === alert && other.where === where
