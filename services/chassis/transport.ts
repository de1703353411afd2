/**
 * How one link is carried. `tls`: the callee proves itself; `mtls`: both do.
 * A caller uses one; a callee accepts one, or several while a rollout is permissive.
 */
export type Transport = 'plaintext' | 'tls' | 'mtls'

export const transports: readonly Transport[] = ['plaintext', 'tls', 'mtls']

/** Where something listens. In the embedded lab the host is loopback; in compose a network name. */
export type Address = { host: string; port: number }
