import type { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import { type SecureContext, TLSSocket } from 'node:tls'
import { buildConnector } from 'undici'
import { parseSpiffeId } from '../../pki/spiffe.ts'
import { describeTls, describeValidity } from './connections.ts'
import type { Credentials } from './credentials.ts'
import type { UpstreamSpec } from './desired.ts'
import { type Dialled, noteDialled } from './dialled.ts'
import { type Failure, failureOf } from './failures.ts'
import type { Inspect } from './inspection.ts'
import { type Judgement, judgeCallee } from './peer.ts'
import type { Telemetry } from './telemetry.ts'
import { newSpanId } from './trace.ts'

/** A callee that was refused, in the shape undici hands on to whoever asked. */
class CalleeRefused extends Error {
  readonly code: string
  constructor({ name, code }: Failure) {
    super(`the callee was refused: ${name}`)
    this.code = name === 'not-an-svid' ? name : code
  }
}

const connectTimeoutMs = 5_000

/** The server name a workload is dialled by. A callee is judged by SPIFFE ID; this only keeps it apart from public names. */
export const internalServerName = (workload: string, trustDomain: string): string => `${workload}.svc.${trustDomain}`

/** What the owner of the connections adds to the check of a callee, and wants to know of it. */
export type Standards = {
  /** See {@link Inspect}; absent: nothing. */
  inspect?: Inspect
  /** A callee proved itself on this connection. */
  proven?: (socket: Socket, certificate: X509Certificate) => void
}

/**
 * undici's connector for one upstream, by the credentials there are when a connection begins. Sessions are never resumed: a resumed
 * one would carry the identity it was made with. Every connection is judged here, by hand, before it is given to anybody.
 */
export const createConnector = (
  spec: UpstreamSpec,
  credentials: Credentials,
  telemetry: Telemetry,
  { inspect, proven }: Standards = {},
): buildConnector.connector => {
  const secure = spec.transport !== 'plaintext'
  const build = (secureContext: SecureContext | undefined) =>
    buildConnector({
      timeout: connectTimeoutMs,
      allowH2: false,
      ...(secureContext
        ? {
            maxCachedSessions: 0,
            secureContext,
            servername: internalServerName(spec.callee, parseSpiffeId(spec.id).trustDomain),
            rejectUnauthorized: false,
            checkServerIdentity: () => undefined,
          }
        : {}),
    })
  const contextNow = () => (secure ? credentials.client(spec.transport === 'mtls') : undefined)
  let context = contextNow()
  let connect = build(context)

  /** New connections go by the lists of now, old ones stay. */
  const upToDate = () => {
    const now = contextNow()
    if (now !== context) connect = build(now)
    context = now
    return connect
  }

  return (options, done) => {
    const began = performance.now()
    let connected = 0
    const dialling: unknown = upToDate()(options, (error, socket) => {
      const facts = timesOf(began, connected, secure)
      const times = { connectMs: facts.connectMs, ...some(facts.handshakeMs) }
      const record = { id: facts.id, side: 'client' as const, link: spec.link, at: new Date().toISOString(), ...times }
      if (error || !socket) {
        const { name, code } = failureOf(error)
        telemetry.connection({ ...record, failure: { name, code } })
        if (error) noteDialled(error, facts)
        return error ? done(error, null) : done(new Error('no socket'), null)
      }
      const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined
      const { peer, refused } = judge(spec, socket, certificate, inspect)
      const described = describeCaller(socket, certificate)
      if (refused) {
        const { name, code } = refused
        telemetry.connection({ ...record, ...described, ...describeValidity(certificate), failure: { name, code } })
        socket.on('error', () => {})
        socket.destroy()
        const refusal = new CalleeRefused(refused)
        noteDialled(refusal, facts)
        return done(refusal, null)
      }
      if (certificate && peer.kind === 'authenticated') proven?.(socket, certificate)
      const over = telemetry.connection({ ...record, transport: spec.transport, peer, ...described })
      socket.once('close', () => over())
      noteDialled(socket, facts)
      keepLateFailure(socket, failure => {
        const at = new Date().toISOString()
        telemetry.connection({ ...record, at, id: newSpanId(), ended: record.id, failure })
      })
      done(null, socket)
    })
    if (secure && dialling instanceof TLSSocket)
      dialling.once('connect', () => {
        connected = performance.now()
      })
  }
}

/** What a dial took until now: TCP, and from when that stood TLS. */
const timesOf = (began: number, connected: number, secure: boolean): Dialled => {
  const now = performance.now()
  const id = newSpanId()
  if (!secure || connected === 0) return { id, connectMs: now - began }
  return { id, connectMs: connected - began, handshakeMs: now - connected }
}

const some = (handshakeMs: number | undefined) => (handshakeMs === undefined ? {} : { handshakeMs })

const judge = (
  spec: UpstreamSpec,
  socket: Socket,
  certificate: X509Certificate | undefined,
  inspect: Inspect | undefined,
): Judgement => {
  if (spec.transport === 'plaintext') return { peer: { kind: 'anonymous', because: 'plaintext' } }
  if (!spec.verify) return { peer: { kind: 'anonymous', because: 'not-verified' } }
  return judgeCallee(socket as TLSSocket, certificate, spec.id, inspect)
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
