import type { Address, Transport } from './transport.ts'

/**
 * What the control plane wants of one workload: all a workload ever learns about the topology and the mode.
 * It sees transports and identities, never modes. Sent over the stream, applied as a whole, acknowledged by version.
 */
export type Desired = {
  /** Grows with every change; an acknowledgement names it. */
  version: number
  /** What the listener accepts. Several while a rollout is permissive. */
  accepts: Transport[]
  /** Who may call what here. Anything no rule allows is denied. */
  rules: Rule[]
  /** Whom this workload calls, and how. */
  upstreams: UpstreamSpec[]
  /** Passthrough at an ingress: which server name (SNI) is spliced where. Empty: the workload terminates itself. */
  splices: Splice[]
  /** Public DNS names this workload must hold a certificate for, and no others. */
  publicNames: string[]
  /** An operator's debug session: report TLS session secrets (NSS key log lines) with the observations. */
  keyLog: boolean
}

/** One line of policy: `from` may send these methods to these paths over these transports. */
export type Rule = {
  /** The link this rule comes from, `orders:payments`. Names the rule in the audit. */
  link: string
  /** The caller's SPIFFE ID, or `anyone` for a link that starts at the public client. */
  from: string
  transports: Transport[]
  /** Exact methods. */
  methods: string[]
  /** Exact paths, or prefixes ending in `/*`. */
  paths: string[]
}

/** One upstream: the link's transport, where to dial (the tap, when the wire is on), and who must answer there. */
export type UpstreamSpec = {
  link: string
  callee: string
  transport: Transport
  address: Address
  /** SPIFFE ID the callee must prove under `tls` and `mtls`. */
  id: string
  /** Off only on the one link a scenario misconfigures on purpose (claim B9); the audit names it. */
  verify: boolean
}

/** TLS passed through unopened: connections whose ClientHello names `serverName` go to `address` byte for byte. */
export type Splice = { serverName: string; link: string; address: Address }
