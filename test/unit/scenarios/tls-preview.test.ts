import { expect, test } from 'vitest'
import { forecastTls, publicConnections } from '../../../scenarios/tls-preview.ts'
import type { TlsPolicy } from '../../../services/chassis/desired.ts'
import type { ConnectionRecord, Observations } from '../../../services/chassis/observation.ts'
import { usualTls } from '../../../services/chassis/tls-suites.ts'

const ecdsa128 = 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'
const ecdsa256 = 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384'
const ecdsaChaCha = 'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256'

const seen = (protocol: string, cipher: string, more: Partial<ConnectionRecord> = {}): ConnectionRecord => ({
  ...{ cursor: 1, id: 'c', side: 'server', at: '2030-01-01T00:00:00Z', serverName: 'shop.hop.lab' },
  ...{ remoteAddress: '192.0.2.1', protocol, cipher, ...more },
})
const without = (...names: string[]): TlsPolicy => ({
  ...usualTls,
  suites: usualTls.suites.filter(name => !names.includes(name)),
})
const fates = (records: ConnectionRecord[], next: TlsPolicy, now = usualTls) =>
  forecastTls(records, now, next).map(({ address, verdict }) => [address, verdict])

const least13: TlsPolicy = { ...usualTls, minVersion: 'TLSv1.3' }

test('nobody is lost where nothing changes', () => {
  expect(fates([seen('TLSv1.2', ecdsa128), seen('TLSv1.3', 'TLS_AES_128_GCM_SHA256')], usualTls)).toEqual([])
})

test('who agreed on TLS 1.2 where 1.3 was to be had will fail when 1.3 is the least', () => {
  expect(fates([seen('TLSv1.2', ecdsa128), seen('TLSv1.3', 'TLS_AES_128_GCM_SHA256')], least13)).toEqual([
    ['192.0.2.1', 'will-fail'],
  ])
})

test('where TLS 1.3 was not to be had, nobody knows who has it', () => {
  const only12 = { ...usualTls, suites: usualTls.suites.filter(name => name.includes('_WITH_')) }
  expect(fates([seen('TLSv1.2', ecdsa128)], least13, only12)).toEqual([['192.0.2.1', 'may-fail']])
})

test('who agreed on a suite that goes may have others', () => {
  expect(fates([seen('TLSv1.2', ecdsa128)], without(ecdsa128))).toEqual([['192.0.2.1', 'may-fail']])
  expect(fates([seen('TLSv1.3', 'TLS_AES_128_GCM_SHA256')], without('TLS_AES_128_GCM_SHA256'))).toEqual([
    ['192.0.2.1', 'may-fail'],
  ])
})

test('who agreed on the last in order has none of those before it, and will fail without it', () => {
  expect(fates([seen('TLSv1.2', ecdsaChaCha)], without(ecdsaChaCha))).toEqual([['192.0.2.1', 'will-fail']])
  expect(fates([seen('TLSv1.2', ecdsa256)], without(ecdsa256, ecdsaChaCha))).toEqual([['192.0.2.1', 'will-fail']])
})

test('a key of another type takes the suites of the old one away', () => {
  const rsa: TlsPolicy = { ...usualTls, keyType: 'rsa-2048' }
  expect(fates([seen('TLSv1.2', ecdsa128)], rsa)).toEqual([['192.0.2.1', 'may-fail']])
  const noRsaSuites = { ...rsa, suites: rsa.suites.filter(name => !name.includes('_RSA_')) }
  expect(fates([seen('TLSv1.2', ecdsa128)], noRsaSuites)).toEqual([['192.0.2.1', 'will-fail']])
  expect(fates([seen('TLSv1.3', 'TLS_AES_128_GCM_SHA256')], rsa)).toEqual([])
})

test('an address with clients of two kinds is told for the kind that is lost, with how often and when it came last', () => {
  const records = [
    seen('TLSv1.3', 'TLS_AES_128_GCM_SHA256'),
    seen('TLSv1.2', ecdsa128, { at: '2030-01-01T00:00:02Z' }),
    seen('TLSv1.2', ecdsa128, { at: '2030-01-01T00:00:01Z' }),
  ]
  expect(forecastTls(records, usualTls, least13)).toEqual([
    {
      ...{ address: '192.0.2.1', protocol: 'TLSv1.2', cipher: ecdsa128, connections: 2 },
      ...{ lastSeen: '2030-01-01T00:00:02Z', verdict: 'will-fail' },
      because: 'it agreed on TLSv1.2, and TLSv1.3 is the least',
    },
  ])
})

test('those who surely fail come first', () => {
  const records = [
    seen('TLSv1.2', ecdsa128, { remoteAddress: '192.0.2.1' }),
    seen('TLSv1.2', ecdsaChaCha, { remoteAddress: '192.0.2.2' }),
  ]
  expect(fates(records, without(ecdsa128, ecdsaChaCha)).map(([, verdict]) => verdict)).toEqual([
    'will-fail',
    'may-fail',
  ])
})

test('only connections that were made for the public name count', () => {
  const report = (connections: ConnectionRecord[]) => ({ connections }) as Observations
  const mine = seen('TLSv1.2', ecdsa128)
  const reports = {
    edge: report([
      mine,
      seen('TLSv1.2', ecdsa128, { serverName: 'orders.svc.hop.lab' }),
      seen('TLSv1.2', ecdsa128, { side: 'client' }),
      seen('TLSv1.2', ecdsa128, { failure: { name: 'no-shared-cipher', code: '' } }),
    ]),
    orders: report([]),
  }
  expect(publicConnections(reports, 'shop.hop.lab')).toEqual([mine])
})
