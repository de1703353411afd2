import { afterEach, describe, expect, test } from 'vitest'
import type { Minted } from '../../pki/profiles.ts'
import type { CauseName } from '../../scenarios/doctor/cause.ts'
import type { End } from '../../scenarios/doctor/end.ts'
import { createPractice, knownOf, type Met } from '../support/doctor-practice.ts'
import { dial, serve, uncheckedCredentials, until } from '../unit/chassis/mesh.ts'

const { mesh, cleanup, authorities, causeOf } = createPractice()
afterEach(cleanup.run)

/** Our own caller and our own listener, with revocation lists, as workloads have them: TLS 1.3. */
describe('between workloads', () => {
  const lists = mesh.trust()
  const trust: NonNullable<End['trust']> = {
    version: 1,
    roots: [authorities[0]!.id],
    crls: authorities.map(({ id }) => ({ issuer: id, number: 1, thisUpdate: '', nextUpdate: '' })),
  }
  const link = async (shown: { caller: Minted; callee: Minted }, trusted = lists) => {
    const callee = cleanup.add(await serve(uncheckedCredentials(shown.callee, trusted), ['mtls']))
    const caller = cleanup.add(dial(uncheckedCredentials(shown.caller, trusted), callee.address, 'mtls'))
    const asked = await caller.ask()
    await until(() => callee.records().length > 0)
    const [client] = caller.records()
    // the connection was made as the caller saw it, and only its request failed
    const failure = client?.failure ?? (asked.failure ? { name: asked.failure, code: asked.code! } : undefined)
    const met = { client: { ...client, ...(failure ? { failure } : {}) }, server: callee.records()[0] }
    return causeOf(met, { caller: { ...knownOf(shown.caller), trust }, callee: { ...knownOf(shown.callee), trust } })
  }
  const good = (workload: string) => mesh.mint(workload)
  const rows: [kind: string, cause: CauseName][] = [
    ['expired', 'certificate-expired'],
    ['not-yet-valid', 'certificate-not-yet-valid'],
    ['self-signed', 'self-signed'],
    ['unknown-ca', 'unknown-authority'],
    ['missing-intermediate', 'missing-intermediate'],
    ['wrong-usage', 'wrong-usage'],
    ['name-constraint', 'constraint-violated'],
    ['two-uris', 'not-an-svid'],
    ['other-trust-domain', 'wrong-identity'],
  ]

  test.each(rows)('a caller with %s is %s', async (kind, cause) => {
    expect(await link({ caller: mesh.mint('gateway', [kind]), callee: good('orders') })).toEqual({
      name: cause,
      fault: 'caller-certificate',
    })
  })

  test.each(rows)('a callee with %s is %s', async (kind, cause) => {
    expect(await link({ caller: good('gateway'), callee: mesh.mint('orders', [kind]) })).toEqual({
      name: cause,
      fault: 'callee-certificate',
    })
  })

  test('a callee with the certificate of another is wrong-identity', async () => {
    expect(await link({ caller: good('gateway'), callee: good('payments') })).toEqual({
      name: 'wrong-identity',
      fault: 'callee-certificate',
    })
  })

  test.each(['caller', 'callee'] as const)('a revoked %s is revoked', async end => {
    const shown = { caller: good('gateway'), callee: good('orders') }
    expect(await link(shown, mesh.trust([shown[end].serial]))).toEqual({ name: 'revoked', fault: `${end}-certificate` })
  })

  test('a list that is missing is not taken for a stranger', async () => {
    const shown = { caller: good('gateway'), callee: good('orders') }
    const callee = cleanup.add(
      await serve(uncheckedCredentials(shown.callee, { ...lists, crl: lists.crl.slice(0, 1) }), ['mtls']),
    )
    const caller = cleanup.add(dial(uncheckedCredentials(shown.caller, lists), callee.address, 'mtls'))
    await caller.ask()
    await until(() => callee.records().length > 0)
    const without = { ...trust, crls: trust.crls.slice(0, 1) }
    const met = { client: caller.records()[0] ?? {}, server: callee.records()[0] }
    expect(met.server?.failure).toEqual({ name: 'crl-missing', code: 'UNABLE_TO_GET_CRL' })
    const more = { caller: { ...knownOf(shown.caller), trust }, callee: { ...knownOf(shown.callee), trust: without } }
    expect(causeOf(met, more)).toEqual({ name: 'crl-missing', fault: 'callee-trust' })
  })

  test('a caller without a certificate is no-client-certificate', async () => {
    const callee = cleanup.add(await serve(uncheckedCredentials(good('orders'), lists), ['mtls']))
    const caller = cleanup.add(dial(uncheckedCredentials(good('gateway'), lists), callee.address, 'tls'))
    await caller.ask()
    await until(() => callee.records().length > 0)
    const met = { client: caller.records()[0] ?? {}, server: callee.records()[0] }
    expect(causeOf(met)).toEqual({ name: 'no-client-certificate', fault: 'caller-certificate' })
  })

  test('an expired certificate and a clock that is ahead are told apart on either side', () => {
    const refused = { failure: { name: 'certificate-expired', code: 'CERT_HAS_EXPIRED' } }
    const met: Met = { client: {}, server: refused }
    const caller = knownOf(mesh.mint('gateway'))
    expect(causeOf(met, { caller, callee: { skewMs: 86_400_000 } })).toEqual({
      name: 'clock-skew',
      fault: 'callee-clock',
    })
    const expired = knownOf(mesh.mint('gateway', ['expired']))
    expect(causeOf(met, { caller: expired, callee: { skewMs: 86_400_000 } })).toEqual({
      name: 'certificate-expired',
      fault: 'caller-certificate',
    })
  })
})
