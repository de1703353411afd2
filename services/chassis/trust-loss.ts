import type { X509Certificate } from 'node:crypto'
import { subjectKeyId } from '../../pki/key-identifiers.ts'
import type { Credentials } from './credentials.ts'
import { isRevoked } from './inspection.ts'
import { chainOf, reaches } from './peer-chain.ts'
import type { TrustHeld } from './trust-held.ts'

/** So long may the last request on a connection take whose peer nobody vouches for any more, ms. */
const graceMs = 1_500

/** Notices that a CA is trusted no longer. */
export type TrustLoss = {
  /** Compares with what was trusted when it was last asked: is a root gone, or an intermediate named on its root's list? */
  look(): boolean
  /** Does a certificate still rest on CAs that are trusted? One whose CA is not known here does not. */
  vouched(certificate: X509Certificate): boolean
  close(): void
}

/**
 * Whoever rests on a CA that was given up is asked to leave, and may finish. Where a root was lost that is not enough: what
 * still rests on it after a grace is cut. `cut` is given who may go on.
 */
export const createTrustLoss = (
  credentials: Pick<Credentials, 'trustHeld' | 'intermediates'>,
  cut: (vouched: TrustLoss['vouched']) => void,
): TrustLoss => {
  let before = credentials.trustHeld()
  let timer: NodeJS.Timeout | undefined

  const vouched: TrustLoss['vouched'] = certificate => {
    const held = credentials.trustHeld()
    const chain = chainOf(certificate, credentials.intermediates())
    return reaches(chain, held.roots) && !chain.some(one => isRevoked(one, held))
  }

  return {
    look() {
      const held = credentials.trustHeld()
      const rootLost = before.trust.bundle.some(root => !held.trust.bundle.includes(root))
      const named = new Set(namedByRoots(before))
      const intermediateLost = namedByRoots(held).some(serial => !named.has(serial))
      before = held
      if (rootLost) {
        clearTimeout(timer)
        timer = setTimeout(() => cut(vouched), graceMs)
      }
      return rootLost || intermediateLost
    },
    vouched,
    close: () => clearTimeout(timer),
  }
}

/** Serials of the intermediates that their roots have taken back. */
const namedByRoots = ({ roots, lists }: TrustHeld): string[] => {
  const ids = roots.map(subjectKeyId)
  return lists.filter(({ issuer }) => ids.includes(issuer)).flatMap(({ revoked }) => [...revoked()])
}
