import { type FailureName, failureNames } from '../../services/chassis/failures.ts'
import { type EndName, otherEnd, type RawFailure, type Unexplained } from './cause.ts'
import type { End, Pair } from './end.ts'
import { secondOpinion } from './second-opinion.ts'

/** Which end ended it, and why; `judge` is absent where neither refused the other. */
export type Judgement = { name: FailureName | Unexplained; code: string; judge: EndName }

/**
 * Of two records the one that tells why. An alert (RFC 8446 §6.2) is the other end's reason, as that end put it; its
 * own record, where there is one, says more. Undefined where neither end saw anything wrong.
 */
export const tellingOfBoth = (pair: Pair): Judgement | undefined => {
  const told = (['caller', 'callee'] as const).flatMap(end => tellingOf(pair[end], end))
  const firstHand = told.filter(({ code }) => !isAlert(code))
  const both = firstHand.find(({ name }) => !aboutPeers.has(name)) ?? firstHand[0]
  // a caller that refuses closes at once: whatever the callee has to say of that comes after
  const best = firstHand.find(({ judge, name }) => judge === 'caller' && aboutPeers.has(name)) ?? both ?? told[0]
  return best ?? unexplained(pair)
}

/** `ERR_SSL_TLSV1_ALERT_UNKNOWN_CA`, `ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE`. */
const isAlert = (code: string): boolean => code.includes('_ALERT_')

const tellingOf = ({ record }: End, end: EndName): Judgement[] => {
  const { failure, peerKey } = record ?? {}
  if (!failure || !isKnown(failure.name) || failure.name === 'connection-closed' || failure.name === 'client-gone')
    return []
  const { name, code } = failure
  // what OpenSSL says where a server looks at the chain of a caller who sent none (Node 24)
  const nothingSent = end === 'callee' && code === 'UNABLE_TO_GET_ISSUER_CERT' && peerKey === undefined
  return [
    { name: nothingSent ? 'no-client-certificate' : name, code, judge: isAlert(code) ? otherEnd(end) : end },
  ] as Judgement[]
}

const isKnown = (name: string): name is FailureName => (failureNames as string[]).includes(name)

/** Closed, and nobody said why: who did it, and what we would have said in his place. */
const unexplained = ({ caller, callee, at }: Pair): Judgement | undefined => {
  const { caller: seenByCaller, callee: seenByCallee } = failuresOf({ caller, callee })
  const code = seenByCallee?.code ?? seenByCaller?.code
  if (code === undefined) return undefined
  const opinion = caller.chain === undefined ? undefined : secondOpinion(caller.chain, callee, at)
  if (opinion) return { name: opinion, code, judge: 'callee' }
  if (seenByCaller && seenByCallee) return { name: 'refused-without-reason', code, judge: 'callee' }
  return seenByCaller
    ? { name: 'callee-went-away', code, judge: 'callee' }
    : { name: 'caller-went-away', code, judge: 'caller' }
}

/** The raw failure of each end. */
export const failuresOf = ({ caller, callee }: Pick<Pair, EndName>): { caller?: RawFailure; callee?: RawFailure } => ({
  ...(caller.record?.failure ? { caller: caller.record.failure } : {}),
  ...(callee.record?.failure ? { callee: callee.record.failure } : {}),
})

/** What one end holds against the certificate of the other. */
export const aboutPeers: ReadonlySet<string> = new Set<FailureName>([
  ...(['certificate-expired', 'certificate-not-yet-valid', 'wrong-name', 'wrong-identity', 'not-an-svid'] as const),
  ...(['unknown-authority', 'missing-intermediate', 'self-signed', 'wrong-usage', 'constraint-violated'] as const),
  ...(['path-too-long', 'weak-key', 'revoked', 'crl-missing', 'crl-stale', 'crl-not-yet-valid'] as const),
])
