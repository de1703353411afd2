import type { Transport } from './transport.ts'

/**
 * What a workload saw with its own eyes. Kept in bounded rings in the workload, handed to the control plane when asked.
 * Nothing here is configuration: a field that was not observed is absent.
 */
export type Observations = {
  workload: string
  connections: ConnectionRecord[]
  requests: RequestRecord[]
  /** NSS key log lines, only while a debug session asks for them. */
  keyLog: string[]
  /** Certificates held now, by SHA-256 of their public key (SPKI, hex). */
  held: HeldCertificate[]
  /** What runs here, and since when. */
  program?: ProgramRun
  /** Behind a sidecar: the requests its application got. */
  application?: ApplicationRecord[]
  /** Counts by route, where the L7 policy pack is mounted. */
  l7?: L7Observations
  /** ISO 8601: the time by this workload's own clock when it reported. */
  clock?: string
  /** Whom it trusts now. */
  trust?: HeldTrust
  /** Renewals tried since it started, the last of each certificate. */
  renewals?: RenewalRecord[]
  /** Cursor for the next question: records after it are new. */
  cursor: number
}

/** The other end of a connection: proven, or not and why. Never undefined. */
export type Peer =
  | { kind: 'authenticated'; id: string; serial: string; notAfter: string }
  | { kind: 'anonymous'; because: AnonymousReason }

export type AnonymousReason =
  /** Nothing is encrypted, so nothing is proven. */
  | 'plaintext'
  /** TLS without a client certificate: the caller stayed unknown. */
  | 'no-certificate'
  /** The callee's certificate was not checked (verification switched off on this link). */
  | 'not-verified'
  /** A public client: the certificate named a DNS name, not a workload. */
  | 'public-name'

/** One connection as one of its ends saw it; refused ones too, with the failure's name. */
export type ConnectionRecord = {
  cursor: number
  id: string
  side: 'server' | 'client'
  /** Known to the caller's side always; to the callee's only by the rule that admitted the first request. */
  link?: string
  at: string
  transport?: Transport | 'spliced'
  protocol?: string
  cipher?: string
  /** Key exchange group; only the client's side learns it (`getEphemeralKeyInfo`). */
  keyExchange?: string
  alpn?: string
  serverName?: string
  resumed?: boolean
  peer?: Peer
  /** SHA-256 (hex) of the SPKI of the certificate this end presented / received. */
  localKey?: string
  peerKey?: string
  /** Authority key identifier (hex) of the certificate this end received: which CA vouches for the peer. */
  peerIssuer?: string
  /** Of a peer that was refused: its certificate's serial (hex), and its times as they stand in it, whatever any clock says. */
  peerValidity?: { serial: string; notBefore: string; notAfter: string }
  /** Of the one who connected: what OpenTelemetry calls `network.peer.address` and `network.peer.port`. */
  remoteAddress?: string
  remotePort?: number
  /** The proxy at the other end, where a trusted one said that its client has `remoteAddress`. */
  proxiedBy?: string
  proxyPort?: number
  /** Name from `failures.ts` when the connection was refused or broke, with the raw code beside it. */
  failure?: { name: string; code: string }
  handshakeMs?: number
  /** Of a connection passed through unopened, once it is over; `bytesIn` came from the client. */
  bytesIn?: number
  bytesOut?: number
  durationMs?: number
}

/** One request as one workload handled it. */
export type RequestRecord = {
  cursor: number
  at: string
  requestId: string
  traceId: string
  spanId: string
  parentSpanId?: string
  method: string
  path: string
  status: number
  durationMs: number
  connection: string
  /** Who the policy took the caller to be, and why it believed so. */
  caller?: string
  callerBy: 'certificate' | 'header' | 'nobody'
  clientAddress?: string
  /** The end user (a token's subject), where it was checked here, and what that rests on. */
  user?: string
  userBy?: 'token' | 'assertion'
  /** The rule (link) that allowed it, or why it was denied. */
  rule?: string
  denied?: string
  /** Upstream link this request was forwarded on, when it was. */
  upstream?: string
  failure?: { name: string; code: string }
}

export type HeldCertificate = {
  kind: 'workload' | 'public'
  name: string
  key: string
  serial: string
  notBefore: string
  notAfter: string
  /** Authority key identifier (hex): which CA issued it. */
  issuer: string
}

/** Trust as a workload holds it: roots by subject key identifier (hex), lists by the authority key identifier (hex) of their issuer. */
export type HeldTrust = {
  version: number
  roots: string[]
  crls: { issuer: string; number: number; thisUpdate: string; nextUpdate: string }[]
}

/** How the last try to renew one certificate went. */
export type RenewalRecord = {
  kind: HeldCertificate['kind']
  name: string
  at: string
  /** Serial of what came; absent where nothing came. */
  serial?: string
  /** Absent where it was loaded; else why it was not, or why nothing came. */
  failure?: { name: string; code: string }
  /** Failures in a row. */
  failures: number
}

/** What the L7 policy pack counted since this workload started, by route; the number of routes is bounded. */
export type L7Observations = {
  /** Upper bounds of the buckets of `latency`; its last bucket has none. */
  latencyMs: number[]
  routes: {
    /** Method and the pattern that allowed it, `GET /orders/*`. */
    route: string
    /** Answers by class, `2xx`; `none` where the client went before it was answered. */
    status: Record<string, number>
    latency: number[]
    /** What the pack itself turned away, by the name of the refusal. */
    refused: Record<string, number>
  }[]
}

/** One run of a program: another `instance` or `startedAt` is a restart, another `digest` is other code. */
export type ProgramRun = {
  name: string
  /** SHA-256 (hex) of the modules it was loaded from, those of the chassis not among them. */
  digest: string
  /** ISO 8601. */
  startedAt: string
  /** Drawn at random at its start. */
  instance: string
}

/** One request as the application behind a sidecar got it, on a socket of its own. */
export type ApplicationRecord = {
  cursor: number
  at: string
  requestId: string
  /** The span under which its sidecar recorded the same request. */
  spanId: string
  method: string
  path: string
  status: number
  durationMs: number
  /** What its socket is: both told by the socket itself. */
  encrypted: boolean
  remoteAddress: string
}
