import { afterEach, expect, test } from 'vitest'
import { createCleanup, createMesh, dial, serve, uncheckedCredentials } from './mesh.ts'

const mesh = createMesh()
const trust = mesh.trust()
const cleanup = createCleanup()
afterEach(cleanup.run)

/** What a listener with these lists records of a caller. */
const refusalOf = async (kinds: readonly string[], crl: readonly string[]) => {
  const callee = cleanup.add(
    await serve(uncheckedCredentials(mesh.mint('orders'), { ...trust, crl: [...crl] }), ['mtls']),
  )
  const caller = cleanup.add(dial(uncheckedCredentials(mesh.mint('gateway', kinds), trust), callee.address, 'mtls'))
  await caller.ask()
  return callee.failures()[0]
}

test.each([
  ['unknown-ca', 'unknown-authority'],
  ['self-signed', 'self-signed'],
])('%s is %s, though OpenSSL only says that his list is missing', async (kind, name) => {
  expect(await refusalOf([kind], trust.crl)).toEqual({ name, code: 'UNABLE_TO_GET_CRL' })
})

test('a list that is missing here is still told as that', async () => {
  const [ofTheRoot] = trust.crl
  expect(await refusalOf([], [ofTheRoot!])).toEqual({ name: 'crl-missing', code: 'UNABLE_TO_GET_CRL' })
})
