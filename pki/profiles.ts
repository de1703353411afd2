import { type KeyObject, X509Certificate } from 'node:crypto'
import type { Authority } from './authority.ts'
import { signCertificate } from './certificate.ts'
import { HopError } from './error.ts'
import { basicConstraints, type Extension, extendedKeyUsage, keyUsage, subjectAltName } from './extensions.ts'
import { newSerial } from './hierarchy.ts'
import { generateKey, type KeyPair, type KeyType, privateKeyPem } from './keys.ts'
import { distinguishedName } from './names.ts'
import { toPem } from './pem.ts'
import { type Aspect, type Draft, type Subject, soundDraft } from './profile-draft.ts'
import type { Profile } from './profile-row.ts'
import { type OwnKey, signingFor } from './profile-signers.ts'
import { type ProfileName, profiles } from './profile-table.ts'
import { parseSpiffeId } from './spiffe.ts'

export type { Profile, Refusal } from './profile-row.ts'
export { type ProfileName, profileList, profiles } from './profile-table.ts'

/** For a workload give `id`, for a public server `dnsName`. An hour unless told otherwise. */
type Whom = ({ id: string } | { dnsName: string }) & { lifetimeMs?: number }

/** Without `keyPair` one of `keyType` is made. */
export type MintOptions = Whom & { keyPair?: KeyPair; keyType?: KeyType }

/** PEM texts: leaf, and leaf with what is sent above it. `serial` in hex, to be revoked by; `notAfter` in milliseconds. */
export type Certified = { chain: string; certificate: string; serial: string; notAfter: number }

/** The same with its private key, PEM. */
export type Minted = Certified & { key: string }

/**
 * Makes a certificate of the given kinds, several at once: `['expired', 'wrong-san']`. None: a sound one.
 * Takes an authority for the CAs to use or to imitate; a throwaway one for tests and rogues.
 * @throws HopError `profile-unknown`, `profile-conflict`, `profile-not-applicable`, `spiffe-id-…`
 */
export const mintProfile = (authority: Authority, kinds: readonly string[], options: MintOptions): Minted => {
  const draft = draftOf(authority, kinds, options)
  if (draft.makeKey && options.keyPair) throw conflict('keyPair', 'none beside a weak-key profile', 'one')
  const own = draft.makeKey?.() ?? options.keyPair ?? generateKey(options.keyType)
  return { key: privateKeyPem(own.privateKey), ...certify(authority, draft, options, own, newSerial()) }
}

/**
 * The same for somebody who keeps his private key to himself, under a serial made beforehand. Throws what
 * {@link mintProfile} throws; `profile-conflict` also where the kind is one of the key, or signed by it.
 */
export const certifyProfile = (
  authority: Authority,
  kinds: readonly string[],
  options: Whom & { publicKey: KeyObject; serial: string },
): Certified => {
  const draft = draftOf(authority, kinds, options)
  if (draft.makeKey || draft.signer === 'itself')
    throw conflict('profile', 'one that needs no private key', kinds.join(', '))
  return certify(authority, draft, options, options, options.serial)
}

const draftOf = (authority: Authority, kinds: readonly string[], options: Whom): Draft => {
  const subject = subjectOf(options)
  const now = authority.clock()
  const bends = rowsOf(kinds, subject).map(row => row.bend(subject, now, endOf(authority)))
  return Object.assign(soundDraft(subject, now, options.lifetimeMs ?? 3600_000), ...bends)
}

const endOf = (authority: Authority): number =>
  Math.max(...Object.values(authority.certificates()).map(pem => new X509Certificate(pem).validToDate.getTime()))

const certify = (authority: Authority, draft: Draft, whom: Whom, own: OwnKey, serial: string): Certified => {
  const { signer, above } = signingFor(draft, authority, subjectOf(whom).kind, own)
  const { notBefore, notAfter, hash } = draft
  const body = { subject: distinguishedName(draft.subject), publicKey: own.publicKey, extensions: extensionsOf(draft) }
  const certificate = toPem('CERTIFICATE', signCertificate({ serial, signer, notBefore, notAfter, hash, ...body }))
  const chain = draft.sendIntermediates ? certificate + above.join('') : certificate
  return { chain, certificate, serial, notAfter }
}

const subjectOf = (whom: Whom): Subject =>
  'id' in whom
    ? { kind: 'workload', id: whom.id, trustDomain: parseSpiffeId(whom.id).trustDomain }
    : { kind: 'public', dnsName: whom.dnsName }

const rowsOf = (kinds: readonly string[], subject: Subject): Profile[] => {
  const bentBy = new Map<Aspect, string>()
  return kinds.map(kind => {
    if (!Object.hasOwn(profiles, kind)) {
      throw new HopError('profile-unknown', {
        field: 'profile',
        expected: Object.keys(profiles).join(', '),
        found: kind,
      })
    }
    const row: Profile = profiles[kind as ProfileName]
    if (row.only && row.only !== subject.kind) {
      throw new HopError('profile-not-applicable', {
        field: kind,
        expected: `a ${row.only} certificate`,
        found: subject.kind,
      })
    }
    for (const aspect of row.bends) {
      const other = bentBy.get(aspect)
      if (other !== undefined) throw conflict(aspect, 'one profile to bend it', `${other} and ${kind}`)
      bentBy.set(aspect, kind)
    }
    return row
  })
}

const extensionsOf = (draft: Draft): Extension[] => {
  const extensions = [basicConstraints(draft.ca && {}), extendedKeyUsage(...draft.extendedKeyUsage)]
  if (draft.keyUsage.length) extensions.push({ ...keyUsage(...draft.keyUsage), critical: draft.keyUsageCritical })
  if (draft.names.length) extensions.push(subjectAltName(draft.names, draft.namesCritical))
  return extensions
}

const conflict = (field: string, expected: string, found: string) =>
  new HopError('profile-conflict', { field, expected, found })
