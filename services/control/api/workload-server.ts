import type { Server } from 'node:https'
import type { TLSSocket } from 'node:tls'
import rateLimit from '@fastify/rate-limit'
import fastify, { type FastifyInstance, type FastifyRequest, LogController } from 'fastify'
import type { Logger } from 'pino'
import { HopError } from '../../../pki/error.ts'
import { type Judgement, judgeCaller } from '../../chassis/peer.ts'
import { type KeyPair, type Trust, workloadContextOptions } from '../../chassis/tls-options.ts'
import type { Topology } from '../../topology/topology.ts'
import type { Issuer } from '../certificates/issuer.ts'
import { answerProblems } from './problem.ts'

/** The workload behind a request, by its certificate. */
export type Caller = { name: string; id: string; serial: string }

/** Throws `peer-required` (no certificate), `peer-refused` (one that does not count, and why). */
export type Authenticate = (request: FastifyRequest) => Caller

type WorkloadServerOptions = {
  log: Logger
  pair: KeyPair
  trust: Trust
  /** Requests a minute of one caller; nothing here is worth guessing at the default. */
  perMinute?: number
}

/**
 * HTTPS for workloads. A client certificate is asked for but not required, because enrolment has none yet:
 * each route that needs one calls an {@link Authenticate}.
 */
export const createWorkloadServer = async (options: WorkloadServerOptions): Promise<FastifyInstance<Server>> => {
  const app = fastify({
    https: {
      ...workloadContextOptions(options.trust, options.pair),
      requestCert: true,
      rejectUnauthorized: false,
      handshakeTimeout: 10_000,
      headersTimeout: 10_000,
      maxHeaderSize: 8192,
      connectionsCheckingInterval: 2000,
    },
    requestTimeout: 20_000,
    keepAliveTimeout: 10_000,
    bodyLimit: 64 * 1024,
    forceCloseConnections: true,
    loggerInstance: options.log,
    logController: new LogController({ disableRequestLogging: true }),
    return503OnClosing: false,
  }) as unknown as FastifyInstance<Server>
  app.server.maxConnections = 2000
  app.server.on('tlsClientError', error =>
    options.log.debug({ code: (error as NodeJS.ErrnoException).code }, 'handshake failed'),
  )
  answerProblems(app as unknown as FastifyInstance, options.log)
  app.removeContentTypeParser('text/plain')
  await app.register(rateLimit, { max: options.perMinute ?? 12_000, timeWindow: 60_000, keyGenerator: bucketOf })
  return app
}

/** Whoever proved a certificate counts by it, the others by address: in the embedded lab all of them share one. */
const bucketOf = ({ raw, ip }: FastifyRequest): string => {
  const socket = raw.socket as TLSSocket
  return (socket.authorized && socket.getPeerX509Certificate()?.fingerprint256) || ip
}

/**
 * Who a connection belongs to is read from its certificate once; whether that still counts is judged anew at each
 * request: a connection outlives a certificate, a revocation, and a CA.
 */
export const createAuthenticate = (
  topology: Topology,
  clock: () => number,
  standing: Issuer['standing'],
): Authenticate => {
  const judged = new WeakMap<TLSSocket, Judgement>()
  const judge = (socket: TLSSocket): Judgement => {
    const judgement = judged.get(socket) ?? judgeCaller(socket, topology.trustDomain)
    judged.set(socket, judgement)
    return judgement
  }
  return request => {
    const { peer, refused } = judge(request.raw.socket as TLSSocket)
    if (refused) throw peerRefused(refused.name)
    if (peer.kind === 'anonymous')
      throw new HopError('peer-required', {
        field: 'client certificate',
        expected: 'an SVID of this trust domain',
        found: peer.because,
        remedy: 'Enrol with a join token first',
      })
    const fallen = standing(peer.serial)
    if (fallen) throw peerRefused(fallen)
    if (Date.parse(peer.notAfter) <= clock()) throw peerRefused('expired')
    const name = peer.id.slice(`spiffe://${topology.trustDomain}/`.length)
    if (!Object.hasOwn(topology.workloads, name)) throw peerRefused('not-a-workload')
    return { name, id: peer.id, serial: peer.serial }
  }
}

const peerRefused = (found: string) =>
  new HopError('peer-refused', {
    field: 'client certificate',
    expected: 'a valid SVID of a workload of this topology',
    found,
    remedy: 'Enrol anew with a join token',
  })
