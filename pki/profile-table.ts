import { weakKeys } from './profile-draft.ts'
import { nameProfiles } from './profile-names.ts'
import { bent, chain, type Profile, svid } from './profile-row.ts'

const day = 24 * 3600_000

/** Every kind of certificate we can make. To add one, add a row here or in `profile-names.ts`. */
export const profiles = {
  sound: bent('as the authority issues it', [], { by: 'nobody' }, {}),

  expired: {
    summary: 'ended an hour ago',
    bends: ['validity'],
    refused: chain('CERT_HAS_EXPIRED'),
    bend: (_, now) => ({ notBefore: now - day, notAfter: now - 3600_000 }),
  },
  'not-yet-valid': {
    summary: 'begins in an hour',
    bends: ['validity'],
    refused: chain('CERT_NOT_YET_VALID'),
    bend: (_, now) => ({ notBefore: now + 3600_000, notAfter: now + day }),
  },

  'after-its-issuer': {
    summary: 'begins when every CA above it has ended',
    bends: ['validity'],
    refused: chain('CERT_NOT_YET_VALID'),
    bend: (_, __, end) => ({ notBefore: end + 1000, notAfter: end + day }),
  },

  ...nameProfiles,

  'key-cert-sign': bent('may sign certificates', ['key-usage'], svid('svid-key-cert-sign'), {
    keyUsage: ['digitalSignature', 'keyCertSign'],
  }),
  'crl-sign': bent('may sign CRLs', ['key-usage'], svid('svid-crl-sign'), {
    keyUsage: ['digitalSignature', 'cRLSign'],
  }),
  'no-key-usage': bent('no key usage at all', ['key-usage'], svid('svid-no-key-usage'), { keyUsage: [] }),
  'key-usage-not-critical': bent('key usage not critical', ['key-usage'], svid('svid-key-usage-not-critical'), {
    keyUsageCritical: false,
  }),
  'no-digital-signature': bent('may not sign', ['key-usage'], chain('INVALID_PURPOSE'), {
    keyUsage: ['keyEncipherment'],
  }),
  'ca-leaf': bent('CA: true', ['constraints'], svid('svid-is-ca'), { ca: true }),

  'wrong-usage': bent('for signing code only', ['extended-usage'], chain('INVALID_PURPOSE'), {
    extendedKeyUsage: ['codeSigning'],
  }),
  'server-only-usage': bent('for servers only', ['extended-usage'], chain('INVALID_PURPOSE'), {
    extendedKeyUsage: ['serverAuth'],
  }),
  'client-only-usage': bent('for clients only', ['extended-usage'], svid('svid-no-server-auth'), {
    extendedKeyUsage: ['clientAuth'],
  }),

  'self-signed': bent(
    'signed by its own key',
    ['signer', 'chain'],
    chain('DEPTH_ZERO_SELF_SIGNED_CERT', 'UNABLE_TO_GET_CRL'),
    {
      signer: 'itself',
      subject: { commonName: 'self-signed' },
    },
  ),
  'unknown-ca': bent(
    'from a CA nobody trusts',
    ['signer'],
    chain('UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'UNABLE_TO_GET_CRL'),
    {
      signer: 'unknown-ca',
    },
  ),
  'same-dn-ca': bent(
    'from a CA with the names and key identifiers of ours',
    ['signer', 'chain'],
    chain('CERT_SIGNATURE_FAILURE'),
    {
      signer: 'impostor-ca',
    },
  ),
  'same-dn-issuer': bent(
    'signed by another key in the name of our intermediate, which is sent',
    ['signer', 'chain'],
    chain('CERT_SIGNATURE_FAILURE'),
    {
      signer: 'impostor-issuer',
    },
  ),
  'leaf-as-issuer': bent('signed by the sound certificate of a workload', ['signer', 'chain'], chain('UNSPECIFIED'), {
    signer: 'another-leaf',
  }),
  'path-length': bent(
    'from a CA below an issuer that may have none below',
    ['signer', 'chain'],
    chain('PATH_LENGTH_EXCEEDED', 'UNABLE_TO_GET_CRL'),
    {
      signer: 'ca-below-issuer',
    },
  ),
  'missing-intermediate': bent('sent without its intermediate', ['chain'], chain('UNABLE_TO_VERIFY_LEAF_SIGNATURE'), {
    sendIntermediates: false,
  }),

  'weak-rsa-1024': bent('RSA of 1024 bits', ['key'], svid('key-rsa-too-short'), { makeKey: weakKeys.rsa1024 }),
  'weak-rsa-exponent': bent('RSA with exponent 3', ['key'], svid('key-rsa-exponent'), {
    makeKey: weakKeys.rsaExponent3,
  }),
  'weak-curve-secp256k1': bent(
    'secp256k1',
    ['key'],
    { by: 'handshake', code: 'key-curve' },
    { makeKey: weakKeys.secp256k1 },
  ),
  'weak-curve-p192': bent('P-192', ['key'], { by: 'handshake', code: 'key-curve' }, { makeKey: weakKeys.p192 }),
  'sha1-signature': bent('signed with SHA-1', ['hash'], svid('signature-algorithm'), { hash: 'sha1' }),
} satisfies Record<string, Profile>

export type ProfileName = keyof typeof profiles

/** The table as a list, for those who show or try all of it. */
export const profileList: ({ name: ProfileName } & Profile)[] = Object.entries(profiles).map(([name, profile]) => ({
  ...(profile as Profile),
  name: name as ProfileName,
}))
