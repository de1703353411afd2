import { X509Certificate } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createCsr } from '../../pki/csr.ts'
import { generateKey } from '../../pki/keys.ts'
import { splitPem } from '../../pki/pem.ts'
import { profileList } from '../../pki/profiles.ts'
import type { Control } from '../../services/control/control.ts'
import { createFakeWorkload, operatorOf, startControl, temporaryDirectory } from './control-support.ts'

describe('a faulty certificate for an experiment', () => {
  const directory = temporaryDirectory()
  let control: Control
  let operator: ReturnType<typeof operatorOf>

  beforeAll(async () => {
    control = await startControl(directory.path)
    operator = operatorOf(control.operatorAddress(), control.operatorToken)
  })
  afterAll(async () => {
    await control.close()
    directory.remove()
  })

  const own = generateKey()
  const asked = { workload: 'orders', kinds: ['expired'], csr: createCsr(own), reason: 'test' }
  const ask = (what: object) => operator('POST', '/api/faulty-certificates', { ...asked, ...what })

  it('is signed by the lab’s own authority, for a key the control plane never has', async () => {
    const { status, json } = await ask({})
    expect([status, Object.keys(json).toSorted()]).toEqual([200, ['chain', 'serial']])
    const leaf = new X509Certificate(json.chain)
    expect(leaf.checkPrivateKey(own.privateKey)).toBe(true)
    expect(leaf.subjectAltName).toBe('URI:spiffe://hop.lab/orders')
    expect(leaf.validToDate.getTime()).toBeLessThan(Date.now())
    const [, issuer] = json.chain.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----\n/g)
    expect(leaf.verify(new X509Certificate(issuer).publicKey)).toBe(true)
  })

  it('may have several faults, is recorded, and can be revoked like any other', async () => {
    const { json } = await ask({ kinds: ['expired', 'wrong-usage'], reason: 'two at once' })
    expect(new X509Certificate(json.chain).keyUsage).toEqual(['1.3.6.1.5.5.7.3.3'])
    const revoked = await operator('POST', '/api/revoke', { serial: json.serial, reason: 'superseded' })
    expect(revoked.json).toMatchObject({ serials: [json.serial] })
    const { json: audit } = await operator('GET', '/api/audit')
    const entry = audit.find(({ detail }: { detail: { reason?: string } }) => detail.reason === 'two at once')
    expect(entry).toMatchObject({ who: 'operator', action: 'faulty-certificate', target: 'orders', result: 'ok' })
    expect(entry.detail.kinds).toEqual(['expired', 'wrong-usage'])
  })

  it('that is not valid yet begins when every CA above it has ended, so that it never will be', async () => {
    const { json } = await ask({ kinds: ['after-its-issuer'] })
    const [leaf, ...above] = splitPem(json.chain).map(pem => new X509Certificate(pem))
    const { bundle } = (await operator('GET', '/api/state')).json
    const cas = [...above, ...splitPem(bundle).map(pem => new X509Certificate(pem))]
    expect(cas.length).toBeGreaterThan(1)
    for (const ca of cas) expect(leaf!.validFromDate.getTime()).toBeGreaterThan(ca.validToDate.getTime())
  })

  const acceptable = profileList
    .map(({ name }) => name)
    .filter(name => !['expired', 'after-its-issuer', 'wrong-usage'].includes(name))
  const refused = [[], ...acceptable.map(name => [name]), ['expired', 'sound'], ['__proto__'], ['no-such-fault']]
  it.each(refused.map(kinds => [JSON.stringify(kinds), kinds] as const))(
    'is refused where somebody might accept it: %s',
    async (_, kinds) => {
      const { status, json } = await ask({ kinds })
      expect([status, json.code, json.field]).toEqual([403, 'faults-invalid', 'kinds'])
    },
  )

  it.each([
    ['for a workload that is not there', { workload: 'control' }, 404, 'workload-unknown'],
    ['without a reason', { reason: '' }, 400, 'body-invalid'],
    ['with kinds that are no list', { kinds: 'expired' }, 400, 'body-invalid'],
    [
      'for another name',
      { csr: createCsr({ ...own, uris: ['spiffe://hop.lab/edge'] }) },
      403,
      'csr-asks-for-another-identity',
    ],
    ['to be a CA', { csr: createCsr({ ...own, ca: true }) }, 403, 'csr-asks-for-ca'],
    [
      'for somebody else’s key',
      { csr: createCsr({ ...own, publicKey: generateKey().publicKey }) },
      400,
      'csr-not-proven',
    ],
  ])('is refused %s', async (_, what, status, code) => {
    const answer = await ask(what)
    expect([answer.status, answer.json.code]).toEqual([status, code])
  })

  it('opens nothing at the control plane itself', async () => {
    const orders = createFakeWorkload({ address: control.workloadAddress(), bootstrap: control.bootstrap }, 'orders')
    const { key, csr } = orders.csr()
    for (const kinds of [['expired'], ['wrong-usage']]) {
      const { json } = await ask({ kinds, csr })
      orders.usePair({ key, cert: json.chain })
      const { status, json: answer } = await orders.call('/v1/renew', { csr: orders.csr().csr })
      expect([status, answer.code]).toEqual([401, 'peer-refused'])
    }
  })
})
