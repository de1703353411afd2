import { type FailureName, failureNamed } from '../../services/chassis/failures.ts'
import { byAuthority } from './authority-causes.ts'
import { type Cause, type CauseName, type EndName, type Fault, otherEnd, type Told } from './cause.ts'
import { byClock } from './clock-causes.ts'
import type { Pair } from './end.ts'
import { aboutPeers, failuresOf, type Judgement, tellingOfBoth } from './judgement.ts'

/**
 * One cause for what both ends of a connection recorded; undefined where neither saw anything wrong. The more is known
 * of both (clocks, trust, certificates), the closer it comes: an expired certificate or a clock that is off, a stranger
 * or a list that did not arrive.
 */
export const diagnose = (pair: Pair): Cause | undefined => {
  const judgement = tellingOfBoth(pair)
  if (!judgement) return denied(pair)
  const told = byClock(pair, judgement) ?? byAuthority(pair, judgement) ?? asNamed(pair, judgement)
  return { ...told, seen: failuresOf(pair) }
}

/** Everything fits, and still the caller may not. */
const denied = (pair: Pair): Cause | undefined => {
  const { caller, callee } = pair
  if (callee.denied === undefined) return undefined
  const { peer } = callee.record ?? {}
  const who = peer?.kind === 'authenticated' ? peer.id : 'nobody'
  return {
    name: 'not-allowed',
    fault: 'caller-certificate',
    sentence: `${callee.name} knows who came in place of ${caller.name}, ${who}, and denies him: ${callee.denied}`,
    remedy: 'let the caller present its own certificate, or allow the call by a link of the topology',
    seen: failuresOf(pair),
  }
}

const asNamed = (pair: Pair, { name, code, judge }: Judgement): Told => {
  const { caller, callee } = pair
  const own = ownWords[name]
  if (own) return { name: nameFor(name, code, judge), ...own(caller.name, callee.name, judge) }
  const known = failureNamed(name as FailureName)
  const about = aboutPeers.has(name)
  const whose = pair[otherEnd(judge)].name
  const sentence = about
    ? `${pair[judge].name} refused the certificate of ${whose}: ${known.cause}`
    : `${caller.name} and ${callee.name} did not get together: ${known.cause}`
  return { name: known.name, fault: faultOf(known.name, judge), sentence, remedy: known.remedy }
}

const nameFor = (name: Judgement['name'], code: string, judge: EndName): CauseName =>
  name === 'tls-to-plaintext' && judge === 'callee' && isGarbage(code) ? 'garbage' : name

/** Whom to look at, by the name of the failure and by who judged the other. */
const faultOf = (name: FailureName, judge: EndName): Fault => {
  if (listFaults.has(name)) return `${judge}-trust`
  if (aboutPeers.has(name)) return `${otherEnd(judge)}-certificate`
  return faults[name] ?? 'network'
}

const listFaults: ReadonlySet<string> = new Set<FailureName>(['crl-missing', 'crl-stale', 'crl-not-yet-valid'])

const faults: Partial<Record<FailureName, Fault>> = {
  'no-client-certificate': 'caller-certificate',
  'transport-not-accepted': 'both',
  'protocol-version': 'both',
  'no-shared-cipher': 'both',
  'no-application-protocol': 'both',
  'plaintext-to-tls': 'caller-settings',
  'unrecognized-name': 'caller-settings',
  'bad-client-hello': 'caller',
  'bad-proxy-header': 'caller-settings',
  'connection-refused': 'callee',
  'connect-timeout': 'callee',
  'headers-timeout': 'callee',
  'body-timeout': 'callee',
  'bad-response': 'callee',
  'handshake-timeout': 'caller',
  'no-upstream': 'caller',
}

/** Read by the server: no caller began with a TLS record that OpenSSL could read. */
const isGarbage = (code: string): boolean =>
  code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG'

type Words = Pick<Told, 'fault' | 'sentence' | 'remedy'>

const ownWords: Partial<Record<Judgement['name'], (caller: string, callee: string, judge: EndName) => Words>> = {
  'tls-to-plaintext': (caller, callee, judge) =>
    judge === 'caller'
      ? {
          fault: 'callee-settings',
          sentence: `${caller} spoke TLS, and what answered as ${callee} did not`,
          remedy: 'compare the link’s transport on both ends, and look at what listens there',
        }
      : {
          fault: 'caller',
          sentence: `what came to ${callee} in the name of TLS is none`,
          remedy: 'find out what dials there; compare the link’s transport on both ends',
        },
  'callee-went-away': (caller, callee) => ({
    fault: 'callee',
    sentence: `${callee} closed the connection of ${caller} and kept no record of why`,
    remedy: 'is the callee running, and is it the callee that answers there?',
  }),
  'caller-went-away': (caller, callee) => ({
    fault: 'caller',
    sentence: `${caller} went away while ${callee} was shaking hands`,
    remedy: 'look at the caller’s record of the same moment',
  }),
  'refused-without-reason': (caller, callee) => ({
    fault: 'caller-certificate',
    sentence: `${callee} turned ${caller} away inside the handshake, where the reason is lost`,
    remedy: 'look at the certificate the caller presents: dates, chain, usage, revocation',
  }),
}
