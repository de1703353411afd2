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
  /** The L7 policy pack mounted in front of this workload's program; absent where it is not. */
  l7?: L7Policy
  /** Whose PROXY protocol header in front of a connection is believed; absent: nobody sends one here. */
  proxyProtocol?: ProxyTrust
  /** Where this workload ships its records, in plaintext, as log pipelines do; absent: nowhere. */
  logsTo?: { link: string; address: Address }
  /** How this workload keeps its certificates; absent: renewed in time, none due at once. */
  certificates?: CertificatePolicy
  /** What the public listener negotiates; absent: the usual (`tls-options.ts`). */
  tls?: TlsPolicy
  /** An experiment's: this workload takes the time to be its machine's plus so many milliseconds. */
  clockOffsetMs?: number
  /** Break-glass: this state ends by itself, without anybody's word. Ends later where calls come in than where they go out. */
  relaxed?: { until: string; afterwards: Omit<Desired, 'version' | 'relaxed'> }
}

/** When certificates are renewed. */
export type CertificatePolicy = {
  /** Certificates issued in an earlier epoch are renewed before this state is acknowledged. */
  epoch: number
  /** Off: nothing is renewed by itself (claims L1, D6). */
  renewal: boolean
}

/** What a listener towards the public negotiates (claim L10). Suites by their IANA names. */
export type TlsPolicy = {
  minVersion: 'TLSv1.2' | 'TLSv1.3'
  suites: string[]
  keyType: 'p256' | 'rsa-2048'
}

/** What the L7 policy pack does where it is mounted (claims C1 to C7). */
export type L7Policy = {
  /** Filters requests by the rules of `services/l7/waf.ts`. */
  waf: boolean
  /** For each client address; null: no limit. */
  rate: { perSecond: number; burst: number } | null
  /** Requests need a signed token of their user; null: nobody asks for one. */
  tokens: TokenPolicy | null
}

/** What a user's token (RFC 7519, ES256) must say to be let through, and which role which request needs. */
export type TokenPolicy = {
  issuer: string
  audience: string
  /** The control plane's JWK set (RFC 7517). */
  keys: { [member: string]: unknown }[]
  /** The first that matches counts; a request that none matches needs a valid token and no role. */
  roles: RoleRule[]
  /** SPIFFE IDs of those whose word for a user is taken: they met the public and checked its token. */
  asserters: string[]
}

/** Requests that need a role: an exact method; an exact path, or a prefix ending in `/*`. */
export type RoleRule = { method: string; path: string; role: string }

/** Source addresses (IP) that may put a PROXY protocol v2 header first; `anyone` is the mistake claim I8 is about. */
export type ProxyTrust = { from: readonly string[] | 'anyone' }

/** One line of policy: `from` may send these methods to these paths over these transports. */
export type Rule = {
  /** Denies instead of allowing, before any rule that allows. */
  deny?: true
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
export type Splice = {
  serverName: string
  link: string
  address: Address
  /** Tell the workload who connected: a PROXY protocol v2 header in front of the client's bytes. */
  proxyProtocol?: boolean
}
