import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { generateKey, privateKeyPem } from '../../../pki/keys.ts'
import { formsOf, placesOf } from '../../../scenarios/flows/key-traces.ts'
import { judgeKeys } from '../../../scenarios/lifecycle/keys-stay-home.ts'
import type { StateFile } from '../../../services/control/state/state-files.ts'
import { heldBy } from './alert-cases.ts'
import { passed } from './outcomes.ts'

const held = (...names: string[]) =>
  Object.fromEntries(names.map(name => [name, { held: [{ ...heldBy(name), key: `key-${name}` }] }]))
const before = { ...held('orders', 'payments'), shipping: { held: [{ ...heldBy('shipping'), key: 'earlier' }] } }

const directory: StateFile = { name: '.', kind: 'directory', mode: '700', own: true, names: 2 }
const database: StateFile = { name: 'control.sqlite', kind: 'file', mode: '600', own: true, names: 1 }

const looked: Parameters<typeof judgeKeys>[0] = {
  workload: 'shipping',
  shows: { 'the private key': [], 'the join token': [] },
  known: { serial: ['certificates'], name: ['state'] },
  held: { before, after: held('orders', 'payments', 'shipping') },
  files: [directory, database],
  works: passed,
}

test('holds where no secret shows, each key is held once, renewal made a new one, and nobody else may read the files', () => {
  const { evidence, ...judged } = judgeKeys(looked)
  expect(judged).toMatchObject({ verdict: 'holds', control: { passed: true } })
  expect(evidence.filter(({ where }) => where === 'control plane').map(({ title, text }) => [title, text])).toEqual([
    ['who may read the state directory', 'mode 700, its own'],
    ['who may read its file control.sqlite', 'mode 600, its own'],
  ])
})

describe('is broken', () => {
  const says = (more: Partial<typeof looked>) => {
    const { verdict, because } = judgeKeys({ ...looked, ...more })
    expect(verdict).toBe('broken')
    return because
  }

  test('where a secret shows', () => {
    expect(says({ shows: { 'the private key': [], 'the join token': ['audit'] } })).toBe(
      'the join token shows in audit',
    )
  })

  test('where two hold the same key', () => {
    const after = { ...held('orders', 'shipping'), payments: { held: [{ ...heldBy('payments'), key: 'key-orders' }] } }
    expect(says({ held: { before, after } })).toBe('orders and payments hold the same key')
  })

  test('where a renewed certificate has the key it had before', () => {
    const same = held('orders', 'payments', 'shipping')
    expect(says({ held: { before: same, after: same } })).toBe('shipping renewed its certificate and kept its key')
  })

  test.each<[string, StateFile, string]>([
    ['the state directory', { ...directory, mode: '750' }, 'the state directory is open to others (mode 750, its own)'],
    ['a file in it', { ...database, mode: '604' }, 'its file control.sqlite is open to others (mode 604, its own)'],
    ['one that is somebody else’s', { ...database, own: false }, 'somebody else’s'],
    ['one that is reached by a second name', { ...database, names: 2 }, '2 names'],
    ['one that lies elsewhere', { ...database, kind: 'link', mode: '777' }, 'its link control.sqlite'],
  ])('where others may read %s', (_, file, words) => {
    const others = looked.files.filter(({ name }) => name !== file.name)
    expect(says({ files: [...others, file] })).toContain(words)
  })
})

test('counts for nothing where the search finds not even what is there, no file was looked at, or the lab does not work', () => {
  const control = (more: Partial<typeof looked>) => judgeKeys({ ...looked, ...more }).control.passed
  expect(control({ known: { serial: [], name: ['state'] } })).toBe(false)
  expect(control({ known: { serial: ['certificates'], name: [] } })).toBe(false)
  expect(control({ works: { passed: false, evidence: [] } })).toBe(false)
  expect(control({ files: [] })).toBe(false)
  expect(control({ files: [directory] })).toBe(false)
  expect(control({ files: [database] })).toBe(false)
})

describe('a private key is found in whatever form it shows', () => {
  const { privateKey } = generateKey()
  const pair = { key: privateKeyPem(privateKey) }
  const d = Buffer.from(privateKey.export({ format: 'jwk' }).d!, 'base64url')
  const der = privateKey.export({ type: 'pkcs8', format: 'der' })
  const forms = {
    'its PEM': pair.key,
    'its JWK': JSON.stringify(privateKey.export({ format: 'jwk' })),
    'its DER in hex': der.toString('hex'),
    'the number in hex, upper case': d.toString('hex').toUpperCase(),
    'the number in base64': d.toString('base64'),
  }
  test.each(Object.entries(forms))('as %s', (_, text) => {
    const said = { audit: 'nothing', state: JSON.stringify({ detail: text }) }
    expect(placesOf(said, formsOf(pair))).toEqual(['state'])
  })

  test('and another key is not', () => {
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    expect(placesOf({ state: JSON.stringify(privateKeyPem(other)) }, formsOf(pair))).toEqual([])
  })
})
