import type { Rule } from './desired.ts'
import type { Peer } from './observation.ts'
import type { Transport } from './transport.ts'

/** What a policy decides on: who calls, how he got here, what he asks for. */
export type Question = {
  caller: string | undefined
  transport: Transport
  method: string
  path: string
}

/** Allowed by a rule, or denied for a stated reason. */
export type Decision = { allowed: true; rule: Rule } | { allowed: false; because: string }

/** Who the caller is taken to be, and what that rests on. */
export type Caller = { caller: string | undefined; callerBy: 'certificate' | 'header' | 'nobody' }

/** A rule whose `from` is this admits callers without identity: the public client. */
export const anyone = 'anyone'

/**
 * The caller as policy may take him. A proven identity is the only one that counts; a header is believed
 * only where the transport proves nothing about the caller, which is what claim I3 is about.
 */
export const identify = (peer: Peer, transport: Transport, statedCaller: string | undefined): Caller => {
  if (peer.kind === 'authenticated') return { caller: peer.id, callerBy: 'certificate' }
  if (transport !== 'mtls' && statedCaller && statedShape.test(statedCaller))
    return { caller: statedCaller, callerBy: 'header' }
  return { caller: undefined, callerBy: 'nobody' }
}

// what is stated ends up in logs and answers, so it is a SPIFFE ID or it is nothing
const statedShape = /^spiffe:\/\/[a-z0-9._-]{1,255}(?:\/[A-Za-z0-9._-]{1,255}){1,8}$/

/** Denies unless a rule allows. Reasons go from the outside in: transport, caller, method and path. */
export const decide = (rules: readonly Rule[], { caller, transport, method, path }: Question): Decision => {
  let because = `no rule lets ${caller ?? 'an unnamed caller'} in`
  const denied = rules.find(rule => rule.deny && rule.from === caller && matches(rule, method, path))
  if (denied) return { allowed: false, because: `rule ${denied.link} denies ${caller}` }
  for (const rule of rules) {
    if (rule.deny) continue
    if (rule.from !== anyone && rule.from !== caller) continue
    if (!rule.transports.includes(transport)) {
      because = `rule ${rule.link} does not admit ${transport}`
      continue
    }
    if (matches(rule, method, path)) return { allowed: true, rule }
    because = `rule ${rule.link} does not allow ${method} on this path`
  }
  return { allowed: false, because }
}

/** Exact methods; exact paths, or prefixes ending in `/*`. A path with a dot segment or an encoded slash matches nothing. */
export const matches = (rule: { methods: readonly string[]; paths: readonly string[] }, method: string, path: string) =>
  rule.methods.includes(method) && !ambiguous.test(path) && rule.paths.some(pattern => matchesPath(pattern, path))

/** The first of a rule's patterns that the target's path matches. */
export const patternOf = ({ paths }: { paths: readonly string[] }, target: string): string | undefined => {
  if (paths.length === 1) return paths[0]
  const path = target.split('?', 1)[0]!
  return paths.find(pattern => matchesPath(pattern, path))
}

const ambiguous = /(?:^|\/)(?:\.|%2e){1,2}(?:\/|$)|%2f|%5c|\\|\/\/|%00/i

const matchesPath = (pattern: string, path: string): boolean =>
  pattern.endsWith('/*') ? path.startsWith(pattern.slice(0, -1)) && path.length > pattern.length - 1 : path === pattern

/** The header by which a caller states its name where the transport proves nothing. Believed there, and only there. */
export const callerHeader = 'x-spiffe-id'
