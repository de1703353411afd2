import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import type { Authority } from './authority.ts'
import { keyIdentifier, type Signer, signCertificate } from './certificate.ts'
import { basicConstraints, keyUsage } from './extensions.ts'
import { signingState } from './generations.ts'
import { createCa, type IssuerName, newSerial } from './hierarchy.ts'
import { type Issuer, type IssuerState, issuerOf, openIssuer } from './issuer.ts'
import { generateKey, spkiOf } from './keys.ts'
import { distinguishedName } from './names.ts'
import { splitPem } from './pem.ts'
import type { Draft, SignerKind, Subject } from './profile-draft.ts'
import { spiffeId } from './spiffe.ts'

/** Who signs, and the certificates (PEM) to send after the leaf. */
export type Signing = { signer: Signer; above: string[] }

/** The key of the leaf. Its private half is needed only where the leaf signs itself. */
export type OwnKey = { publicKey: KeyObject; privateKey?: KeyObject }

/** Finds or makes the signer a draft asks for, out of the authority's own CAs. */
export const signingFor = (draft: Draft, authority: Authority, kind: Subject['kind'], own: OwnKey): Signing => {
  const state = signingState(authority.exportState())
  const issuer = openIssuer(kind === 'workload' ? state.workloads : state.public, kind)
  return makers[draft.signer]({ authority, state, issuer, draft, own })
}

type Materials = {
  authority: Authority
  state: Record<IssuerName, IssuerState>
  issuer: Issuer
  draft: Draft
  own: OwnKey
}

const makers: Record<SignerKind, (materials: Materials) => Signing> = {
  issuer: ({ issuer }) => sendingItself(issuer),

  // Same name and key as the real issuer, so the same CRL covers it: what a slip of the operator would make.
  'issuer-unconstrained': ({ state, issuer }) => sendingItself(certify(openIssuer(state.root, 'root'), issuer)),

  itself: ({ draft, own }) => {
    const id = keyIdentifier(spkiOf(own.publicKey))
    const name = distinguishedName(draft.subject)
    return { signer: { name, keyIdentifier: id, privateKey: own.privateKey! }, above: [] }
  },

  'unknown-ca': ({ authority, issuer }) => {
    const root = createCa({ ...shapeOf(authority, issuer), name: 'root', extensions: [basicConstraints({})] })
    return sendingItself(
      createCa({ ...shapeOf(authority, issuer), name: 'workloads', parent: root, extensions: [onlyLeaves] }),
    )
  },

  'impostor-ca': ({ state, issuer }) =>
    sendingItself(certify(impersonate(openIssuer(state.root, 'root')), impersonate(issuer))),

  'impostor-issuer': ({ issuer }) => sendingItself(impersonate(issuer)),

  'another-leaf': ({ authority }) => {
    const { privateKey, publicKey } = generateKey()
    const id = spiffeId(authority.trustDomain, 'insider')
    const { chain } = authority.issueWorkload({ id, publicKey, lifetimeMs: 3600_000, serial: newSerial() })
    const named = issuerOf(new X509Certificate(chain).raw, privateKey)
    return { signer: named, above: splitPem(chain) }
  },

  // Under the unconstrained issuer: the name of the CA below would break a name constraint before its being there does.
  'ca-below-issuer': ({ authority, state, issuer }) => {
    const above = certify(openIssuer(state.root, 'root'), issuer)
    const below = createCa({ ...shapeOf(authority, issuer), name: 'below', parent: above, extensions: [onlyLeaves] })
    return { signer: below, above: [below.certificate, above.certificate] }
  },
}

const onlyLeaves = basicConstraints({ pathLength: 0 })

const sendingItself = (issuer: Issuer): Signing => ({ signer: issuer, above: [issuer.certificate] })

const shapeOf = ({ trustDomain }: Authority, { notBefore, notAfter }: Issuer) =>
  ({ trustDomain, keyType: undefined, notBefore, notAfter }) as const

/** The same CA in name and key identifier, with a key of the impostor's. */
const impersonate = (issuer: Issuer): Issuer => ({ ...issuer, privateKey: generateKey().privateKey })

/** A CA certified anew by a parent, without name constraints. */
const certify = (parent: Issuer, ca: Issuer): Issuer => {
  const extensions = [keyUsage('keyCertSign', 'cRLSign'), onlyLeaves]
  const { name: subject, notBefore, notAfter, keyIdentifier: id } = ca
  const publicKey = createPublicKey(ca.privateKey)
  const serial = newSerial()
  const der = signCertificate({
    serial,
    signer: parent,
    subject,
    publicKey,
    notBefore,
    notAfter,
    extensions,
    keyIdentifier: id,
  })
  return { ...ca, certificate: issuerOf(der, ca.privateKey).certificate }
}
