import { generateKeyPairSync } from 'node:crypto'
import type { ExtendedKeyUsage, GeneralName, KeyUsage } from './extensions.ts'
import type { KeyPair } from './keys.ts'
import type { Name } from './names.ts'

/** Whom a certificate is for: a workload by its SPIFFE ID, or a public server by its DNS name. */
export type Subject = { kind: 'workload'; id: string; trustDomain: string } | { kind: 'public'; dnsName: string }

/** Parts of a certificate a profile may bend. Two profiles that bend the same part contradict each other. */
export type Aspect =
  | 'validity'
  | 'names'
  | 'key-usage'
  | 'extended-usage'
  | 'constraints'
  | 'signer'
  | 'chain'
  | 'key'
  | 'hash'

/** Who signs the leaf, and with what above it; see `profile-signers.ts`. */
export type SignerKind =
  | 'issuer'
  | 'issuer-unconstrained'
  | 'itself'
  | 'unknown-ca'
  | 'impostor-ca'
  | 'impostor-issuer'
  | 'another-leaf'
  | 'ca-below-issuer'

/** A leaf before it is signed: sound until profiles bend it. Times in milliseconds. */
export type Draft = {
  subject: Name
  names: GeneralName[]
  namesCritical: boolean
  ca: boolean
  keyUsage: KeyUsage[]
  keyUsageCritical: boolean
  extendedKeyUsage: ExtendedKeyUsage[]
  notBefore: number
  notAfter: number
  hash: 'sha1' | 'sha256'
  signer: SignerKind
  sendIntermediates: boolean
  makeKey: (() => KeyPair) | undefined
}

/** What the authority would have issued. */
export const soundDraft = (subject: Subject, now: number, lifetimeMs: number): Draft => ({
  subject: {},
  names: [subject.kind === 'workload' ? { uri: subject.id } : { dns: subject.dnsName }],
  namesCritical: true,
  ca: false,
  keyUsage: ['digitalSignature'],
  keyUsageCritical: true,
  extendedKeyUsage: subject.kind === 'workload' ? ['serverAuth', 'clientAuth'] : ['serverAuth'],
  notBefore: now - 60_000,
  notAfter: now + lifetimeMs,
  hash: 'sha256',
  signer: 'issuer',
  sendIntermediates: true,
  makeKey: undefined,
})

/** Keys that must not be certified. */
export const weakKeys = {
  rsa1024: () => generateKeyPairSync('rsa', { modulusLength: 1024 }),
  rsaExponent3: () => generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 }),
  secp256k1: () => generateKeyPairSync('ec', { namedCurve: 'secp256k1' }),
  p192: () => generateKeyPairSync('ec', { namedCurve: 'prime192v1' }),
}
