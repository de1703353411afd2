import { describe, expect, test } from 'vitest'
import { breakages, findBreakage } from '../../../scenarios/breakage/breakages.ts'
import type { Provoked } from '../../../scenarios/breakage/provoke.ts'
import { whyNot } from '../../../scenarios/breakage/why-not.ts'
import { judgeNamed } from '../../../scenarios/flows/named-failures.ts'
import { usualHopsOf } from '../../../services/hops.ts'
import type { Mode } from '../../../services/modes.ts'
import { readTopology } from '../../../services/topology/file.ts'
import { topologyFile } from '../../support/lab.ts'
import { codeOf } from '../pki/issued.ts'

const shop = readTopology(topologyFile('shop'))
const served = { passed: true, evidence: [] }
const expired: Provoked = {
  ...{ breakage: 'expired', end: 'caller', link: 'orders:payments', named: true },
  due: { name: 'certificate-expired', fault: 'caller-certificate' },
  cause: {
    ...{ name: 'certificate-expired', fault: 'caller-certificate', sentence: 'it expired', remedy: 'renew' },
    seen: {
      caller: { name: 'connection-closed', code: 'ECONNRESET' },
      callee: { name: 'certificate-expired', code: 'CERT_HAS_EXPIRED' },
    },
  },
}
const { cause: _, ...unseen } = expired

describe('the verdict', () => {
  test('holds when each failure was named for what it was', () => {
    expect(judgeNamed([expired], served)).toMatchObject({ verdict: 'holds', control: { passed: true } })
  })

  test('is broken when one was taken for another', () => {
    const other = { ...expired, named: false, cause: { ...expired.cause!, name: 'revoked' as const } }
    const judged = judgeNamed([expired, other], served)
    expect(judged).toMatchObject({ verdict: 'broken', control: { passed: true } })
    expect(judged.because).toContain('expired at the caller for revoked')
  })

  test.each([
    ['nothing was tried', [], true],
    ['nothing failed', [{ ...unseen, named: false }], true],
    ['the genuine ends do not get together either', [expired], false],
    [
      'one end knew it all, so that it did not take both',
      [{ ...expired, cause: { ...expired.cause!, seen: {} } }],
      true,
    ],
  ])('shows nothing where %s', (_what, provoked, passed) => {
    expect(judgeNamed(provoked, { passed, evidence: [] }).control.passed).toBe(false)
  })
})

describe('what can be broken', () => {
  const hopOf = (mode: Mode, id: string) => usualHopsOf(shop, mode).find(({ link }) => link.id === id)!
  const possible = (mode: Mode, id: string, end: 'caller' | 'callee') =>
    breakages.filter(each => whyNot(each, hopOf(mode, id), end, shop) === undefined).map(({ name }) => name)

  test('everything, at either end, under mutual TLS', () => {
    for (const end of ['caller', 'callee'] as const)
      expect(possible('mtls', 'orders:payments', end)).toEqual(
        breakages.filter(each => each[end]).map(({ name }) => name),
      )
  })

  test('no certificate of a caller that is asked for none', () => {
    const under = possible('re-encrypt', 'orders:payments', 'caller')
    expect(under).not.toContain('expired')
    expect(under).toContain('versions')
  })

  test('nothing where nothing is encrypted, or passed through unopened', () => {
    expect(possible('edge-terminate-plaintext', 'orders:payments', 'callee')).toEqual([])
    expect(possible('passthrough', 'client:edge', 'callee')).toEqual([])
  })

  test('an unknown word is told, with the nearest', () => {
    expect(codeOf(() => findBreakage('expird'))).toBe('breakage-unknown')
    expect(findBreakage('expired').name).toBe('expired')
  })

  test.each(breakages.map(({ name, summary }) => [name, summary]))('%s says what it is', (name, summary) => {
    expect(name).toMatch(/^[a-z-]+$/)
    expect(summary.length).toBeGreaterThan(10)
  })
})
