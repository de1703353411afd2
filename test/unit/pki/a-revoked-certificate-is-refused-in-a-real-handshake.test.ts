import { expect, test } from 'vitest'
import { generateKey, type KeyType, keyTypes, privateKeyPem } from '../../../pki/keys.ts'
import { mintProfile } from '../../../pki/profiles.ts'
import { handshake } from './handshake.ts'
import { authorityFor } from './issued.ts'

test.each(keyTypes)('with %s keys both ends accept each other, and neither once revoked', async (keyType: KeyType) => {
  const authority = authorityFor({ keyType })
  const issue = (name: string) => {
    const { privateKey, publicKey } = generateKey(keyType)
    const issued = authority.issueWorkload({
      id: `spiffe://hop.lab/${name}`,
      publicKey,
      lifetimeMs: 3600_000,
      serial: authority.newSerial(),
    })
    return { serial: issued.serial, key: privateKeyPem(privateKey), cert: issued.chain }
  }
  const server = issue('payments')
  const client = issue('orders')
  const meet = (serials: string[]) => {
    const revoked = serials.map(serial => ({ serial, at: Date.now(), reason: 'superseded' as const }))
    const trust = { ca: authority.trustBundle(), crl: authority.crls({ revoked, number: 1 }) }
    return handshake({ ...server, ...trust }, { ...client, ...trust })
  }
  expect(await meet([])).toMatchObject({ serverSaw: undefined, clientSaw: undefined })
  expect(await meet([client.serial])).toMatchObject({ serverSaw: 'CERT_REVOKED', clientSaw: undefined })
  expect(await meet([server.serial])).toMatchObject({ serverSaw: undefined, clientSaw: 'CERT_REVOKED' })
})

test('without the CRL of the root nobody is accepted', async () => {
  const authority = authorityFor()
  const minted = mintProfile(authority, [], { id: 'spiffe://hop.lab/orders' })
  const pair = { key: minted.key, cert: minted.chain, ca: authority.trustBundle() }
  const crl = authority.crls({ revoked: [], number: 1 }).slice(1)
  expect((await handshake({ ...pair, crl }, pair)).serverSaw).toBe('UNABLE_TO_GET_CRL')
})
