import { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import type { PeerCertificate, TLSSocket } from 'node:tls'
import { buildConnector } from 'undici'
import { parseSpiffeId } from '../../pki/spiffe.ts'
import { describeTls } from './connections.ts'
import type { Credentials } from './credentials.ts'
import type { UpstreamSpec } from './desired.ts'
import { type Failure, failureOf } from './failures.ts'
import type { Peer } from './observation.ts'
import { judgeCallee } from './peer.ts'
import type { Telemetry } from './telemetry.ts'
import { newSpanId } from './trace.ts'

/** A callee that proved the wrong identity, in the shape undici hands on to whoever asked. */
class CalleeRefused extends Error {
  readonly code: string
  constructor({ name, code }: Failure) {
    super(`the callee was refused: ${name}`)
    this.code = code === 'wrong-identity' ? code : name
  }
}

const connectTimeoutMs = 5_000

/** The server name a workload is dialled by. A callee is judged by SPIFFE ID; this only keeps it apart from public names. */
export const internalServerName = (workload: string, trustDomain: string): string => `${workload}.svc.${trustDomain}`

/**
 * undici's connector for one upstream under one generation of credentials. Sessions are never resumed: a resumed
 * one would skip the check of the callee's identity (Node does not call `checkServerIdentity` on it).
 */
export const createConnector = (
  spec: UpstreamSpec,
  credentials: Credentials,
  telemetry: Telemetry,
): buildConnector.connector => {
  const secure = spec.transport !== 'plaintext'
  const connect = buildConnector({
    timeout: connectTimeoutMs,
    allowH2: false,
    ...(secure
      ? {
          maxCachedSessions: 0,
          secureContext: credentials.client(spec.transport === 'mtls'),
          servername: internalServerName(spec.callee, parseSpiffeId(spec.id).trustDomain),
          rejectUnauthorized: spec.verify,
          checkServerIdentity: (_name: string, certificate: PeerCertificate) => checkCallee(spec, certificate),
        }
      : {}),
  })

  return (options, done) =>
    connect(options, (error, socket) => {
      const record = { id: newSpanId(), side: 'client' as const, link: spec.link, at: new Date().toISOString() }
      if (error || !socket) {
        const { name, code } = failureOf(error)
        telemetry.connection({ ...record, failure: { name, code } })
        return error ? done(error, null) : done(new Error('no socket'), null)
      }
      const certificate =
        'getPeerX509Certificate' in socket ? (socket as TLSSocket).getPeerX509Certificate() : undefined
      telemetry.connection({
        ...record,
        transport: spec.transport,
        peer: calleeOf(spec, certificate),
        ...describeCaller(socket, certificate),
      })
      keepLateFailure(socket, failure => telemetry.connection({ ...record, id: newSpanId(), failure }))
      done(null, socket)
    })
}

const checkCallee = (spec: UpstreamSpec, certificate: PeerCertificate): Error | undefined => {
  if (!spec.verify) return undefined
  const { refused } = judgeCallee(new X509Certificate(certificate.raw), spec.id)
  return refused && new CalleeRefused(refused)
}

const calleeOf = (spec: UpstreamSpec, certificate: X509Certificate | undefined): Peer => {
  if (spec.transport === 'plaintext') return { kind: 'anonymous', because: 'plaintext' }
  if (!spec.verify) return { kind: 'anonymous', because: 'not-verified' }
  const judgement = certificate && judgeCallee(certificate, spec.id)
  return judgement?.peer ?? { kind: 'anonymous', because: 'no-certificate' }
}

const describeCaller = (socket: Socket, certificate: X509Certificate | undefined) => {
  const group = 'getEphemeralKeyInfo' in socket ? (socket as TLSSocket).getEphemeralKeyInfo() : undefined
  const keyExchange = group && 'name' in group ? group.name : undefined
  return { ...describeTls(socket, certificate), ...(typeof keyExchange === 'string' ? { keyExchange } : {}) }
}

/** Under TLS 1.3 a callee refuses after the handshake, by an alert that only the socket tells: keep it for the record. */
const keepLateFailure = (socket: Socket, keep: (failure: { name: string; code: string }) => void) => {
  socket.prependOnceListener('error', error => {
    const { name, code } = failureOf(error)
    // undici's own codes are our side closing; the requests it failed have records of their own
    if (!code.startsWith('UND_ERR')) keep({ name, code })
  })
}
