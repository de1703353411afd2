import type { RoleRule, TokenPolicy } from '../chassis/desired.ts'
import { matches } from '../chassis/policy.ts'
import type { Request, RequestContext, User } from '../chassis/program.ts'
import type { Assertions } from './assertion.ts'
import { bearerOf } from './bearer.ts'
import type { Check } from './check.ts'
import { refuseUser, type TokenFailure } from './token-refusal.ts'
import { createTokenVerifier, type TokenVerifier } from './token-verifier.ts'

/**
 * Who is the user, and may he do this? Where the request may go on, `context.user` then says who it is, and
 * `context.assertion` what goes on with every call. A user proves himself by his token; behind an ingress that checked it, by the ingress's word, and then nothing else counts.
 * A workload where the public enters, once it has checked a token, gives its word in turn.
 */
export const createTokenCheck = (assertions: Assertions, clock: () => number): Check => {
  let verifier: TokenVerifier | undefined
  let builtFor: TokenPolicy | undefined
  const verifierFor = (policy: TokenPolicy): TokenVerifier => {
    if (!verifier || builtFor !== policy) verifier = createTokenVerifier(policy, clock)
    builtFor = policy
    return verifier
  }

  const whoIs = async (
    { rawHeaders }: Pick<Request, 'rawHeaders'>,
    context: RequestContext,
    policy: TokenPolicy,
  ): Promise<User | TokenFailure> => {
    if (context.assertion !== undefined && !context.ingress) {
      const claims = await assertions.check(context.assertion, policy.asserters)
      return claims ? { ...claims, by: 'assertion' } : 'assertion-forged'
    }
    const bearer = bearerOf(rawHeaders)
    if ('because' in bearer) return `token-${bearer.because}`
    const { claims, failure } = await verifierFor(policy).verify(bearer.token)
    return claims ? { ...claims, by: 'token' } : failure
  }

  const judge = async (request: Request, context: RequestContext, policy: TokenPolicy) => {
    const { audience, roles, asserters } = policy
    const user = await whoIs(request, context, policy)
    if (typeof user === 'string') return refuseUser(user, audience)
    context.user = user
    const needed = roleFor(roles, request)
    if (needed !== undefined && !user.roles.includes(needed)) return refuseUser('role-missing', audience, needed)
    if (context.ingress) context.assertion = assertions.make(user, context.requestId, asserters)
    return undefined
  }

  return (request, context, { tokens }) => (tokens ? judge(request, context, tokens) : undefined)
}

/**
 * The role a request needs, by the first rule that matches; undefined: none. A path is compared as it stands and decoded,
 * up to its query or fragment, as a service's router would read it.
 */
export const roleFor = (roles: readonly RoleRule[], { method = 'GET', url = '/' }: Pick<Request, 'method' | 'url'>) => {
  const path = url.split(/[?#]/, 1)[0]!
  const paths = path.includes('%') ? [path, decoded(path)] : [path]
  // HEAD is a GET without its body (RFC 9110 §9.3.2), so it needs what GET needs
  const methods = method === 'HEAD' ? ['HEAD', 'GET'] : [method]
  const covers = (rule: RoleRule) =>
    methods.some(asked => paths.some(at => matches({ methods: [rule.method], paths: [rule.path] }, asked, at)))
  return roles.find(covers)?.role
}

const decoded = (path: string): string => {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}
