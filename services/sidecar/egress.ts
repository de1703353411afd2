import { answerProblem } from '../answer.ts'
import type { Credentials } from '../chassis/credentials.ts'
import { createForward } from '../chassis/forward.ts'
import { guarded } from '../chassis/guarded.ts'
import { createHttpAcceptor } from '../chassis/http.ts'
import { createListener } from '../chassis/listener.ts'
import type { Handler, Request, RequestContext, Site } from '../chassis/program.ts'
import { createTelemetry, type Telemetry } from '../chassis/telemetry.ts'
import type { Address } from '../chassis/transport.ts'
import { type Pass, refuseStranger } from './pass.ts'
import { statedContext } from './stated-context.ts'

export type EgressOptions = {
  name: string
  trustDomain: string
  /** Whom the application's links let it call; nobody else is reached through here. */
  callees: ReadonlySet<string>
  pass: Pass
  credentials: Credentials
  telemetry: Telemetry
  /** The sidecar's request that the application is at work on, by its span. */
  underWay: ReadonlyMap<string, RequestContext>
  /** Default: a free port on 127.0.0.1. */
  at?: Address
}

/** Where an application sends its calls: in plaintext, on loopback, the callee's name in `Host`. */
export type Egress = {
  address: Address
  /** From now on calls are carried by this workload's upstreams, with its identity, whatever transport they have. */
  carryBy(site: Site): void
  close(): Promise<void>
}

const notReady = { status: 503, name: 'no-upstream', detail: 'this sidecar does not know its upstreams yet' }
const noLink = { status: 403, name: 'no-link', detail: 'no link leads from here to the workload that Host names' }

/** Applications make few connections, and keep them. */
const limits = { connections: 256, firstByteMs: 10_000, handshakeMs: 10_000 }

/** Starts the way out of a sidecar. What it refuses is logged; what it carries shows in the upstreams' records. */
export const startEgress = async (options: EgressOptions): Promise<Egress> => {
  const { name, trustDomain, callees, pass, credentials, underWay } = options
  // its connections are no part of the network, and are not to be taken for one
  const telemetry = createTelemetry(name, options.telemetry.log)
  const forward = createForward({ via: name })
  let site: Site | undefined

  const carry: Handler = (request, response, context) => {
    const callee = calleeOf(request)
    if (callee === undefined || !callees.has(callee)) {
      telemetry.log.warn({ requestId: context.requestId, host: request.headers.host }, 'call to nobody refused')
      answerProblem(response, context, noLink)
    } else if (!site) answerProblem(response, context, notReady)
    else forward(request, response, context, site.upstream(callee))
  }
  const handle = guarded(carry, telemetry)

  const http = createHttpAcceptor({
    telemetry,
    onRequest(request, response, { remoteAddress }) {
      if (!pass.admits(request)) {
        telemetry.log.warn({ remoteAddress }, 'stranger at the egress refused')
        return refuseStranger(response)
      }
      const stated = statedContext(request.headers)
      const own = underWay.get(stated.spanId)
      handle(request, response, own ? continued(own) : stated)
    },
  })
  const listener = createListener({
    ...{ credentials, telemetry, trustDomain, limits },
    admit: (socket, connection) => http.accept(socket, connection),
  })
  listener.setAccepts(['plaintext'])
  const address = await listener.listen(options.at)
  return {
    address,
    carryBy(carrier) {
      site = carrier
    },
    async close() {
      await listener.close()
      await http.close()
    },
  }
}

/** The application goes on with its sidecar's own request: what is known of that holds, and what fails is told of it. */
const continued = (own: RequestContext): RequestContext => ({
  ...own,
  ...{ encrypted: false, ingress: false },
  get failure() {
    return own.failure
  },
  set failure(failure) {
    if (failure) own.failure = failure
  },
})

const calleeOf = ({ headers }: Request): string | undefined => headers.host?.replace(/:\d+$/, '').toLowerCase()
