import { signerOf } from '../../pki/chain.ts'
import { failureNamed } from '../../services/chassis/failures.ts'
import { otherEnd, type Told } from './cause.ts'
import { type End, type Pair, shortId } from './end.ts'
import type { Judgement } from './judgement.ts'
import { certificatesIn } from './second-opinion.ts'

/**
 * Whose authority it was: a stranger's, that of another PKI, or our own that the judging end was not told of. What
 * OpenSSL calls it says little: without the issuer's list it reports that, whoever the issuer is (Node 24, OpenSSL 3.5).
 */
export const byAuthority = (pair: Pair, { name, judge }: Judgement): Told | undefined => {
  if (!unsettled.has(name)) return undefined
  const judging = pair[judge]
  const judged = pair[otherEnd(judge)]
  const issuer = judging.record?.peerIssuer ?? judged.certificate?.issuer
  const known = pair.authorities
  const ours = issuer === undefined || issuer === '' ? undefined : known?.find(({ id }) => id === issuer)
  const roots = judging.trust?.roots
  const theirs = judged.trust?.roots
  if (roots && theirs && theirs.length > 0 && roots.every(root => !theirs.includes(root)))
    return {
      name: 'two-pkis',
      fault: `${judge}-trust`,
      sentence: `two PKIs: ${judging.name} trusts ${ids(roots)}, ${judged.name} belongs to ${ids(theirs)}`,
      remedy: 'give both ends both roots, then move one of them to the other authority',
    }
  if (ours && !ours.trusted) return outlived(judging.name, judged.name, judge)
  if (ours && roots && !roots.includes(ours.root)) return notArrived(judging.name, judged.name, ours.root, judge)
  if (name === 'crl-missing') {
    const lists = judging.trust?.crls.map(list => list.issuer)
    if (ours && lists && !lists.includes(ours.id)) return undefined
    const whole = known && lists && known.every(({ id, trusted }) => !trusted || lists.includes(id))
    return (issuer && known && !ours) || (issuer === undefined && whole)
      ? stranger(judging.name, judged, judge)
      : undefined
  }
  if (name === 'missing-intermediate' && issuer && known && !ours) return stranger(judging.name, judged, judge)
  return undefined
}

const unsettled: ReadonlySet<string> = new Set(['unknown-authority', 'missing-intermediate', 'crl-missing'])

const stranger = (judging: string, { name, chain }: End, judge: Judgement['judge']): Told => {
  const itself = chain !== undefined && signerOf(certificatesIn(chain), []) === 'itself'
  const known = failureNamed(itself ? 'self-signed' : 'unknown-authority')
  return {
    name: known.name,
    fault: `${otherEnd(judge)}-certificate`,
    sentence: `${judging} refused the certificate of ${name}: ${itself ? 'its own key signed it' : 'no authority of this lab issued it'}`,
    remedy: known.remedy,
  }
}

const outlived = (judging: string, judged: string, judge: Judgement['judge']): Told => ({
  name: 'unknown-authority',
  fault: `${otherEnd(judge)}-certificate`,
  sentence: `${judging} refused the certificate of ${judged}: a CA issued it that this lab trusts no more`,
  remedy: `hop renew ${judged}; distrust a CA only when everybody holds certificates of the next`,
})

const notArrived = (judging: string, judged: string, root: string, judge: Judgement['judge']): Told => ({
  name: 'trust-not-arrived',
  fault: `${judge}-trust`,
  sentence: `${judged} shows a certificate under the root ${shortId(root)}, which ${judging} has not been told to trust`,
  remedy: `find out why the bundle did not reach ${judging}; until then let ${judged} keep the old certificate`,
})

/** Two things are different enough to be told apart by a few digits. */
const ids = (roots: readonly string[]): string => `root ${roots.map(shortId).join(' and ')}`
