import type { ConnectionOptions } from 'node:tls'
import { afterEach, describe, expect, test } from 'vitest'
import type { Minted } from '../../pki/profiles.ts'
import type { CauseName, Fault } from '../../scenarios/doctor/cause.ts'
import { httpsEnd } from '../support/both-ends.ts'
import {
  codes,
  createPractice,
  knownOf,
  only,
  own,
  publicName,
  type Version,
  versions,
} from '../support/doctor-practice.ts'

const { mesh, stranger, cleanup, root, meet, causeOf } = createPractice()
afterEach(cleanup.run)

type Row = { kinds: readonly string[]; code: string; cause: CauseName; fault?: Fault }

describe('the client refuses the server', () => {
  const rows: Row[] = [
    { kinds: ['expired'], code: 'CERT_HAS_EXPIRED', cause: 'certificate-expired' },
    { kinds: ['not-yet-valid'], code: 'CERT_NOT_YET_VALID', cause: 'certificate-not-yet-valid' },
    { kinds: ['wrong-san'], code: 'ERR_TLS_CERT_ALTNAME_INVALID', cause: 'wrong-name' },
    { kinds: ['unknown-ca'], code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', cause: 'unknown-authority' },
    { kinds: ['missing-intermediate'], code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', cause: 'missing-intermediate' },
    { kinds: ['self-signed'], code: 'DEPTH_ZERO_SELF_SIGNED_CERT', cause: 'self-signed' },
    { kinds: ['wrong-usage'], code: 'INVALID_PURPOSE', cause: 'wrong-usage' },
    { kinds: ['name-constraint'], code: 'UNSPECIFIED', cause: 'constraint-violated' },
    { kinds: ['path-length'], code: 'PATH_LENGTH_EXCEEDED', cause: 'path-too-long' },
  ]
  const trusting = (version: Version): ConnectionOptions => ({ ca: root, servername: publicName, ...only(version) })
  const noticed = (version: Version) => (version === 'TLSv1.3' ? 'ECONNRESET' : undefined)

  describe.each(versions)('%s', version => {
    test.each(rows)('$cause', async ({ kinds, code, cause, fault = 'callee-certificate' }) => {
      const pair = mesh.mintPublic(publicName, kinds)
      const met = await meet(await httpsEnd(own(pair)), trusting(version))
      expect(codes(met)).toEqual([code, noticed(version)])
      expect(causeOf(met, { callee: knownOf(pair) })).toEqual({ name: cause, fault })
      expect(causeOf(met)).toEqual({ name: cause, fault })
    })

    test('the unknown root sent too is unknown-authority', async () => {
      const { key, chain } = stranger.mintPublic(publicName)
      const whole = { key, chain: chain + stranger.authority.trustBundle()[0] }
      const met = await meet(await httpsEnd(own(whole)), trusting(version))
      expect(codes(met)).toEqual(['SELF_SIGNED_CERT_IN_CHAIN', noticed(version)])
      expect(causeOf(met, { callee: knownOf(whole) })).toEqual({
        name: 'unknown-authority',
        fault: 'callee-certificate',
      })
    })

    test('a stranger’s leaf without its intermediate is unknown-authority, to whoever knows the authorities', async () => {
      const pair = stranger.mintPublic(publicName, ['missing-intermediate'])
      const met = await meet(await httpsEnd(own(pair)), trusting(version))
      expect(codes(met)).toEqual(['UNABLE_TO_VERIFY_LEAF_SIGNATURE', noticed(version)])
      expect(causeOf(met, { callee: knownOf(pair) })).toEqual({
        name: 'unknown-authority',
        fault: 'callee-certificate',
      })
    })

    test('revoked is revoked', async () => {
      const pair = mesh.mintPublic(publicName)
      const { crl } = mesh.trust([pair.serial])
      const met = await meet(await httpsEnd(own(pair)), { ...trusting(version), crl })
      expect(codes(met)).toEqual(['CERT_REVOKED', noticed(version)])
      expect(causeOf(met)).toEqual({ name: 'revoked', fault: 'callee-certificate' })
    })

    test('no SAN and CN=localhost is accepted, so there is nothing to name', async () => {
      const pair = mesh.mintPublic('localhost.hop.lab', ['no-san'])
      const met = await meet(await httpsEnd(own(pair)), { ...trusting(version), servername: 'localhost' })
      expect(codes(met)).toEqual([undefined, undefined])
      expect(met.client.accepted).toBe(true)
      expect(causeOf(met)).toBeUndefined()
    })
  })
})

describe('the server refuses the client', () => {
  const rows: (Row & { strict?: CauseName })[] = [
    { kinds: ['unknown-ca'], code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', cause: 'unknown-authority' },
    { kinds: ['self-signed'], code: 'DEPTH_ZERO_SELF_SIGNED_CERT', cause: 'self-signed' },
    { kinds: ['expired'], code: 'CERT_HAS_EXPIRED', cause: 'certificate-expired' },
    { kinds: ['not-yet-valid'], code: 'CERT_NOT_YET_VALID', cause: 'certificate-not-yet-valid' },
    { kinds: ['wrong-usage'], code: 'INVALID_PURPOSE', cause: 'wrong-usage' },
    { kinds: ['missing-intermediate'], code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', cause: 'missing-intermediate' },
  ]
  const callee = () => own(mesh.mintPublic(publicName))
  const as = (pair: Minted | undefined, version: Version): ConnectionOptions => ({
    ...(pair ? own(pair) : {}),
    ...{ ca: root, servername: publicName, ...only(version) },
  })
  const told = (version: Version) => (version === 'TLSv1.3' ? 'UND_ERR_SOCKET' : 'ECONNRESET')
  const judging = { callee: { bundle: [root] } }
  const fault = 'caller-certificate'

  describe.each(versions)('%s', version => {
    test.each(rows)('own check: $cause', async ({ kinds, code, cause }) => {
      const pair = mesh.mint('gateway', kinds)
      const met = await meet(await httpsEnd({ ...callee(), ca: root, ownCheck: true }), as(pair, version))
      expect(met.server?.failure?.code).toBe(code)
      expect(met.client.failure?.name).toBe('connection-closed')
      expect(causeOf(met, { caller: knownOf(pair) })).toEqual({ name: cause, fault })
      expect(causeOf(met)).toEqual({ name: cause, fault })
    })

    test.each(rows)('strict: the reason is lost, and the certificate tells that it is $cause', async row => {
      const pair = mesh.mint('gateway', row.kinds)
      const strict = await httpsEnd({ ...callee(), ca: root, requestCert: true, rejectUnauthorized: true })
      const met = await meet(strict, as(pair, version))
      expect(codes(met)).toEqual([told(version), 'ECONNRESET'])
      expect(causeOf(met)).toEqual({ name: 'refused-without-reason', fault })
      expect(causeOf(met, { caller: knownOf(pair), ...judging })).toEqual({ name: row.cause, fault })
    })

    test('own check: revoked is revoked', async () => {
      const pair = mesh.mint('gateway')
      const { crl } = mesh.trust([pair.serial])
      const met = await meet(await httpsEnd({ ...callee(), ca: root, crl, ownCheck: true }), as(pair, version))
      expect(met.server?.failure?.code).toBe('CERT_REVOKED')
      expect(causeOf(met)).toEqual({ name: 'revoked', fault })
    })

    test('strict: revoked loses its reason, and the list tells', async () => {
      const pair = mesh.mint('gateway')
      const { crl } = mesh.trust([pair.serial])
      const strict = { ...callee(), ca: root, crl, requestCert: true, rejectUnauthorized: true }
      const met = await meet(await httpsEnd(strict), as(pair, version))
      expect(codes(met)).toEqual([told(version), 'ECONNRESET'])
      const revoked = { callee: { bundle: [root], revoked: [pair.serial] } }
      expect(causeOf(met, { caller: knownOf(pair), ...revoked })).toEqual({ name: 'revoked', fault })
    })

    test('no certificate is no-client-certificate, however it is checked', async () => {
      const strict = await httpsEnd({ ...callee(), ca: root, requestCert: true, rejectUnauthorized: true })
      const met = await meet(strict, as(undefined, version))
      const alert = version === 'TLSv1.3' ? 'UND_ERR_SOCKET' : 'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE'
      expect(codes(met)).toEqual([alert, 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE'])
      expect(causeOf(met)).toEqual({ name: 'no-client-certificate', fault })
      const lenient = await meet(await httpsEnd({ ...callee(), ca: root, ownCheck: true }), as(undefined, version))
      expect(lenient.server?.failure?.code).toBe('UNABLE_TO_GET_ISSUER_CERT')
      expect(causeOf(lenient)).toEqual({ name: 'no-client-certificate', fault })
    })
  })
})
