import { HopError } from '../../pki/error.ts'
import { splitPem } from '../../pki/pem.ts'
import { likely } from '../../services/nearest.ts'
import type { CauseName, Fault } from '../doctor/cause.ts'
import { isClients, strangerTo } from '../flows/hops.ts'
import type { Breakage, Way } from './fault.ts'
import { thirdOf } from './why-not.ts'

const due = (name: CauseName, fault: Fault) => () => ({ name, fault })

/** The same bad certificate at either end. */
const papers = (name: string, summary: string, made: Way['papers'], cause: CauseName): Breakage => ({
  ...{ name, summary },
  caller: { papers: made!, due: due(cause, 'caller-certificate') },
  callee: { papers: made!, due: due(cause, 'callee-certificate') },
})

/** A bad certificate of the lab's own authority: one that nobody may ever accept. */
const faulty = (name: string, summary: string, kind: string, cause: CauseName): Breakage =>
  papers(name, summary, (lab, { link }, end) => lab.credentials.faulty(link[end], [kind]), cause)

/** Handshakes that do not meet; what each end deviates in may differ. */
const mismatch = (name: string, summary: string, tls: Way['tls'], cause: CauseName): Breakage => ({
  ...{ name, summary },
  caller: { tls: tls!, due: due(cause, 'both') },
  callee: { tls: tls!, due: due(cause, 'both') },
})

const foreign: Pick<Way, 'papers' | 'belongs'> = {
  papers: (lab, { link }, end) => lab.credentials.foreign(link[end]),
  belongs: true,
}

const oldVersion = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const

/** Every failure that can be made on a link of a lab. To add one, add a row. */
export const breakages: readonly Breakage[] = [
  faulty('expired', 'a certificate that ended an hour ago', 'expired', 'certificate-expired'),
  faulty('not-yet-valid', 'a certificate whose time has not come', 'after-its-issuer', 'certificate-not-yet-valid'),
  faulty('wrong-usage', 'a certificate for signing code only', 'wrong-usage', 'wrong-usage'),
  {
    name: 'wrong-san',
    summary: 'the real certificate of another workload',
    caller: {
      papers: (lab, { link }) => lab.credentials.stolen(strangerTo(lab.topology, link.callee) ?? link.callee),
      due: due('not-allowed', 'caller-certificate'),
    },
    callee: {
      papers: (lab, { link }) => lab.credentials.stolen(thirdOf(lab.topology, link) ?? link.callee),
      due: hop => ({ name: isClients(hop) ? 'wrong-name' : 'wrong-identity', fault: 'callee-certificate' }),
    },
  },
  papers(
    'self-signed',
    'a certificate signed by its own key',
    (lab, { link }, end) => lab.credentials.selfSigned(link[end]),
    'self-signed',
  ),
  papers(
    'unknown-ca',
    'a certificate of an authority nobody here knows',
    (lab, { link }, end) => lab.credentials.foreign(link[end]),
    'unknown-authority',
  ),
  {
    name: 'second-pki',
    summary: 'a sound certificate of another PKI, whose root its holder trusts',
    caller: { ...foreign, due: due('two-pkis', 'callee-trust') },
    callee: { ...foreign, due: due('two-pkis', 'caller-trust') },
  },
  papers(
    'missing-intermediate',
    'a real certificate, sent without its intermediate',
    async (lab, { link }, end) => {
      const { key, chain } = await lab.credentials.stolen(link[end])
      return { key, chain: splitPem(chain)[0]! }
    },
    'missing-intermediate',
  ),
  papers(
    'revoked',
    'a real certificate that was revoked',
    async (lab, { link }, end) => {
      const pair = await lab.credentials.stolenAnew(link[end])
      await lab.credentials.revoke(pair)
      return pair
    },
    'revoked',
  ),
  {
    name: 'no-certificate',
    summary: 'no certificate where one is asked for',
    caller: { papers: () => undefined, due: due('no-client-certificate', 'caller-certificate') },
  },
  mismatch('versions', 'TLS 1.2 and nothing newer', oldVersion, 'protocol-version'),
  // the second is for keys of a kind that nobody here has
  mismatch(
    'ciphers',
    'a cipher suite that nobody else offers',
    { ciphers: 'TLS_AES_128_CCM_SHA256:ECDHE-RSA-AES128-GCM-SHA256' },
    'no-shared-cipher',
  ),
  mismatch('alpn', 'another application protocol', { ALPNProtocols: ['h2'] }, 'no-application-protocol'),
  {
    name: 'plaintext',
    summary: 'HTTP in clear where TLS is spoken',
    caller: { instead: 'plaintext', due: due('plaintext-to-tls', 'caller-settings') },
    callee: { instead: 'plaintext', due: due('tls-to-plaintext', 'callee-settings') },
  },
  {
    name: 'garbage',
    summary: 'bytes that are no TLS',
    caller: { instead: 'garbage', due: due('garbage', 'caller') },
    callee: { instead: 'garbage', due: due('tls-to-plaintext', 'callee-settings') },
  },
  {
    name: 'reset',
    summary: 'a reset in mid-handshake',
    caller: { instead: 'reset', due: due('caller-went-away', 'caller') },
    callee: { instead: 'reset', due: due('callee-went-away', 'callee') },
  },
  {
    name: 'silent',
    summary: 'nothing at all, until somebody gives up',
    caller: { instead: 'silence', slow: true, due: due('handshake-timeout', 'caller') },
    callee: { instead: 'silence', slow: true, due: due('connect-timeout', 'callee') },
  },
]

/** A breakage by its name. Throws HopError `breakage-unknown`, which names the nearest. */
export const findBreakage = (name: string): Breakage => {
  const found = breakages.find(each => each.name === name)
  if (found) return found
  const names = breakages.map(each => each.name)
  const meant = likely(name, names)
  throw new HopError('breakage-unknown', {
    field: '--with',
    expected: names.join(', '),
    found: JSON.stringify(name.slice(0, 100)),
    ...(meant === undefined ? {} : { remedy: `Did you mean ${meant}?` }),
  })
}
