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
  remoteAddress?: string
  /** Name from `failures.ts` when the connection was refused or broke, with the raw code beside it. */
  failure?: { name: string; code: string }
  handshakeMs?: number
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
  notAfter: string
}
