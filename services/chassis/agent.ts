import { HopError } from '../../pki/error.ts'
import type { ControlClient } from './control-client.ts'
import type { ControlMessage } from './control-protocol.ts'
import { createControlStream } from './control-stream.ts'
import type { CredentialStore } from './credentials.ts'
import { createDelivery } from './delivery.ts'
import { createDesiredFollower } from './desired-follower.ts'
import type { Observations } from './observation.ts'
import { createRelaxation } from './relaxation.ts'
import { createRenewals } from './renewal.ts'
import { renewalShare } from './renewal-share.ts'
import type { Telemetry } from './telemetry.ts'
import type { Address } from './transport.ts'
import { createTrustFollower } from './trust-follower.ts'
import type { Workload } from './workload.ts'

export type AgentOptions = {
  workload: Workload
  control: ControlClient
  credentials: CredentialStore
  telemetry: Telemetry
  listening: Address
  /** See `StreamHello`. */
  dialsFrom?: readonly string[]
  /** The workload's own. */
  clock?: () => number
  /** See `OwnClock.shift`; absent: this workload's clock is what it is. */
  shiftClock?: (offsetMs: number) => boolean
  /** Renew when this share of the lifetime has passed, give or take a tenth so that a fleet does not renew at once. */
  /**
   * Called when this workload is to begin anew by what lets it in without a certificate: it was told to, or what it holds
   * counts no more with the control plane, which then says so at every try.
   */
  enrolAnew?: (reason: string) => void
  /** What was seen after a cursor; absent: the workload's own. */
  observe?: (since: number) => Promise<Observations>
  renewAt?: number
  random?: () => number
}

export type Agent = { close(): Promise<void> }

/**
 * A workload's side of the control plane: keeps the stream open, applies what it says in order, acknowledges,
 * and renews certificates in time. While the control plane is away, the workload goes on as it last was told.
 */
export const startAgent = (options: AgentOptions): Agent => {
  const { workload, control, credentials, telemetry, listening, dialsFrom = [] } = options
  const { clock = Date.now, renewAt = renewalShare, random = Math.random, shiftClock = () => false } = options
  const { enrolAnew = () => {} } = options
  const ended = new AbortController()
  const { signal } = ended
  const id = credentials.id()
  if (id === undefined) throw new HopError('not-enrolled', { message: 'an agent begins with a certificate' })

  const deliver = createDelivery(telemetry, signal, random)
  const renewals = createRenewals({ credentials, telemetry, signal, clock, renewAt, random })
  const relaxation = createRelaxation(clock, afterwards => {
    telemetry.log.info({ version: afterwards.version }, 'the time of break-glass is over')
    workload
      .apply(afterwards)
      .catch(error => telemetry.log.error({ reason: String(error) }, 'the state after break-glass was not applied'))
  })

  const turnedAway = (error: unknown): never => {
    if (error instanceof HopError && error.code === 'peer-refused') enrolAnew(error.message)
    throw error
  }

  // Old connections end with their last request, however long that takes. Who waits for that is asked for by an epoch.
  let epochSeenOff: Promise<unknown> = Promise.resolve()
  const renewOwn = async () => {
    const epoch = credentials.grantOf('workload', id)?.epoch
    await control.renew().catch(turnedAway)
    stream.startAnew()
    const seenOff = workload.refresh({ trustChanged: false })
    seenOff.catch(error => telemetry.log.warn({ reason: String(error) }, 'old connections were not seen off'))
    if (credentials.grantOf('workload', id)?.epoch !== epoch) epochSeenOff = seenOff
  }

  const desired = createDesiredFollower({
    ...{ workload, control, credentials, telemetry, renewals, deliver, signal, random, shiftClock, renewOwn },
    take: relaxation.take,
    seenOff: () => epochSeenOff,
  })
  const trust = createTrustFollower({
    ...{ workload, control, credentials, telemetry, deliver },
    onRootLost: () => stream.startAnew(),
  })

  const { observe = async since => workload.observations(since) } = options
  const report = ({ id: asked, since }: ControlMessage & { type: 'report' }) =>
    observe(since)
      .then(seen => control.report(asked, { ...seen, renewals: renewals.records() }))
      .catch(error => telemetry.log.warn({ reason: String(error) }, 'report not delivered'))

  const stream = createControlStream({
    ...{ control, telemetry, signal, random },
    hello: () => ({
      ...{ listening, applied: desired.applied(), trust: credentials.trust().version ?? 0 },
      ...(dialsFrom.length === 0 ? {} : { dialsFrom }),
    }),
    begins: desired.startOver,
    refused: enrolAnew,
    obey(message) {
      if (message.type === 'desired') desired.apply(message.desired)
      else if (message.type === 'trust') trust(message)
      else if (message.type === 'report') void report(message)
      else if (message.type === 'enrol') enrolAnew('the control plane said so')
    },
  })
  stream.startAnew()
  renewals.keep('workload', id, renewOwn)
  return {
    async close() {
      ended.abort()
      relaxation.close()
      // first, so that nothing waits for an answer that will not come
      await control.close()
      await Promise.all([renewals.over(), stream.over()])
    },
  }
}
