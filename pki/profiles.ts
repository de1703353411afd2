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
import { signingFor } from './profile-signers.ts'
import { type ProfileName, profiles } from './profile-table.ts'
import { parseSpiffeId } from './spiffe.ts'

export type { Profile, Refusal } from './profile-row.ts'
export { type ProfileName, profileList, profiles } from './profile-table.ts'

/** For a workload give `id`, for a public server `dnsName`. Without `keyPair` one of `keyType` is made. An hour unless told otherwise. */
export type MintOptions = ({ id: string } | { dnsName: string }) & {
  keyPair?: KeyPair
  keyType?: KeyType
  lifetimeMs?: number
}

/** PEM texts: private key, leaf, and leaf with what is sent above it. `serial` in hex, to be revoked by. */
export type Minted = { key: string; chain: string; certificate: string; serial: string }

/**
 * Makes a certificate of the given kinds, several at once: `['expired', 'wrong-san']`. None: a sound one.
 * Takes an authority for the CAs to use or to imitate; a throwaway one for tests and rogues.
 * @throws HopError `profile-unknown`, `profile-conflict`, `profile-not-applicable`, `spiffe-id-…`
 */
export const mintProfile = (authority: Authority, kinds: readonly string[], options: MintOptions): Minted => {
  const subject = subjectOf(options)
  const now = authority.clock()
  const bends = rowsOf(kinds, subject).map(row => row.bend(subject, now))
  const draft: Draft = Object.assign(soundDraft(subject, now, options.lifetimeMs ?? 3600_000), ...bends)
  if (draft.makeKey && options.keyPair) {
    throw new HopError('profile-conflict', {
      field: 'keyPair',
      expected: 'none beside a weak-key profile',
      found: 'one',
    })
  }
  const own = draft.makeKey?.() ?? options.keyPair ?? generateKey(options.keyType)
  const { signer, above } = signingFor(draft, authority, subject.kind, own)
  const serial = newSerial()
  const { notBefore, notAfter, hash } = draft
  const body = { subject: distinguishedName(draft.subject), publicKey: own.publicKey, extensions: extensionsOf(draft) }
  const certificate = toPem('CERTIFICATE', signCertificate({ serial, signer, notBefore, notAfter, hash, ...body }))
  const chain = draft.sendIntermediates ? certificate + above.join('') : certificate
  return { key: privateKeyPem(own.privateKey), chain, certificate, serial }
}

const subjectOf = (options: MintOptions): Subject =>
  'id' in options
    ? { kind: 'workload', id: options.id, trustDomain: parseSpiffeId(options.id).trustDomain }
    : { kind: 'public', dnsName: options.dnsName }

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
      if (other !== undefined) {
        throw new HopError('profile-conflict', {
          field: aspect,
          expected: 'one profile to bend it',
          found: `${other} and ${kind}`,
        })
      }
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
