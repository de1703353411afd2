import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { spkiHash } from '../../pki/keys.ts'
import { formsOf } from '../../scenarios/flows/key-traces.ts'
import { reportsNow } from '../../scenarios/flows/records.ts'
import { connectLab, type LabClient } from '../../scenarios/lab-client.ts'
import { startTestLab, type TestLab } from '../support/lab.ts'

let embedded: TestLab
let lab: LabClient
let logs = ''
const logTo = {
  write(line: string) {
    logs += line
  },
}

beforeAll(async () => {
  embedded = await startTestLab({ mode: 'mtls', logTo })
  lab = await connectLab(embedded.access)
})

afterAll(async () => {
  await lab?.close()
  await embedded?.close()
})

/** Everything on disk in the lab's state directory, byte for byte. */
const onDisk = (): Buffer =>
  Buffer.concat(readdirSync(embedded.stateDir).map(name => readFileSync(join(embedded.stateDir, name))))

test('the control plane keeps the certificate of an enrolled key, and never the key', async () => {
  const pair = await lab.credentials.stolenAnew('orders')
  const kept = onDisk()
  const serial = new X509Certificate(pair.chain).serialNumber.toLowerCase()
  expect(kept.includes(serial), 'the search finds what is there').toBe(true)

  const key = createPrivateKey(pair.key)
  const raw = [
    Buffer.from(key.export({ format: 'jwk' }).d ?? '', 'base64url'),
    key.export({ type: 'pkcs8', format: 'der' }),
  ]
  expect(raw.filter(bytes => kept.includes(bytes))).toEqual([])
  expect(formsOf(pair).filter(form => kept.includes(form) || logs.includes(form))).toEqual([])
})

test('the private keys on disk are those of the CAs and of the tokens, and no leaf is among them', async () => {
  const text = onDisk().toString('latin1')
  const pems = [
    ...text.matchAll(/-----BEGIN (?:EC )?PRIVATE KEY-----(?:\\n|\n)[\w+/=\\\n]+?-----END (?:EC )?PRIVATE KEY-----/g),
  ]
  const found = new Set(pems.map(([pem]) => spkiHash(createPublicKey(pem.replaceAll('\\n', '\n')))))
  expect(found.size, 'the search finds what is there').toBeGreaterThanOrEqual(3)
  const held = Object.values(await reportsNow(lab)).flatMap(report => report.held)
  expect(held).toHaveLength(Object.keys(lab.topology.workloads).length + 1)
  expect(held.filter(({ key }) => found.has(key))).toEqual([])
})

test('a renewed certificate has a new key', async () => {
  const keysOf = async () => (await reportsNow(lab, ['edge'])).edge!.held.map(({ key }) => key)
  const before = await keysOf()
  await lab.lifecycle.renew('edge')
  const after = await keysOf()
  expect(after).toHaveLength(before.length)
  expect(after.filter(key => before.includes(key))).toEqual([])
})

test('no two workloads hold the same key', async () => {
  const keys = Object.values(await reportsNow(lab)).flatMap(({ held }) => held.map(({ key }) => key))
  expect(new Set(keys).size).toBe(keys.length)
})
