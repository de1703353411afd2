import { afterAll, beforeAll, expect, it } from 'vitest'
import { answerOf, createHome, hop } from '../support/cli.ts'

const place = createHome()
const state = place.dir('state')
const at = (...args: string[]) => [...args, '--state', state]

beforeAll(async () => {
  expect((await hop(...at('up', '--detach', '--mode', 'mtls'))).code).toBe(0)
  expect((await hop(...at('request'))).code).toBe(0)
})

afterAll(async () => {
  await hop(...at('down', '--if-running'))
  place.clean()
})

it('alerts are quiet in a lab in which nothing is wrong', async () => {
  expect(await answerOf(...at('alerts'))).toEqual({ code: 0, answer: { topology: 'shop', firing: [] } })
  expect((await hop(...at('alerts'))).out).toMatch(/^✓ all quiet: none of \d+ alerts fires$/m)
})

it('a warning is told with where, since when and what to do, and is no failure', async () => {
  await hop(...at('switch', 'renewal', '{"orders":{"on":false}}'))
  const { code, answer } = await answerOf(...at('alerts'))
  expect(code).toBe(0)
  expect(answer.firing).toMatchObject([{ alert: 'RenewalOff', severity: 'warning', labels: { workload: 'orders' } }])
  expect((await hop(...at('alerts'))).out).toMatch(/! RenewalOff +orders +\d\d:\d\d:\d\d +orders was told not to renew/)
  await hop(...at('switch', 'renewal', 'default'))
  expect((await answerOf(...at('alerts'))).answer.firing).toEqual([])
})

it('a critical one is a failure, for scripts', async () => {
  await hop(...at('switch', 'revocation', '{"lists":"withheld","failure":"soft-fail"}'))
  const { code, answer } = await answerOf(...at('alerts'))
  expect(code).toBe(1)
  expect(answer.firing.map(({ alert }: { alert: string }) => alert)).toContain('CrlMissing')
  await hop(...at('switch', 'revocation', 'default'))
  expect((await hop(...at('alerts'))).code).toBe(0)
})

it('certificates are listed with their holder and the links they were shown on', async () => {
  const { code, answer } = await answerOf(...at('certificates'))
  expect(code).toBe(0)
  expect(answer).toHaveLength(7)
  const of = (holder: string, kind: string) =>
    answer.find((item: { holder: string; kind: string }) => item.holder === holder && item.kind === kind)
  expect(of('payments', 'workload')).toMatchObject({ links: ['orders:payments'], state: 'valid', issuer: 'workloads' })
  expect(of('edge', 'public')).toMatchObject({ name: 'shop.hop.lab', links: ['client:edge'], issuer: 'public' })
  const { out } = await hop(...at('certificates'))
  expect(out).toMatch(/^7 certificates in mtls, 7 of them valid$/m)
  expect(out).toMatch(/payments +workload +payments .* orders → payments$/m)
})

it('with --all also those that nobody holds, such as the control plane its own', async () => {
  const { answer } = await answerOf(...at('certificates', '--all'))
  const unheld = answer.filter(({ holder }: { holder: string | null }) => holder === null)
  expect(unheld.map(({ name }: { name: string }) => name)).toContain('spiffe://hop.lab/control')
})

it('counts are observed, and extrapolated by a formula that is told', async () => {
  const { answer } = await answerOf(...at('certificates', '--services', '600'))
  expect(answer).toMatchObject({ mode: 'mtls', workloads: 6, observed: { certificates: 7 } })
  expect(answer.scaled).toMatchObject([{ services: 600, certificates: 601, owners: 600 }])
  const { out } = await hop(...at('certificates', '--counts'))
  expect(out).toMatch(/^shop \(6\), observed +7 +6 +/m)
  expect(out).toMatch(/^500, extrapolated +501 +500 +/m)
  expect(out).toContain('with N services:')
})

it('a number of services that is none is refused by its name', async () => {
  const { code, answer } = await answerOf(...at('certificates', '--services', 'many'))
  expect([code, answer.error.code, answer.error.field]).toEqual([2, 'usage', '--services'])
})

it('a plan towards more certificates asks whether the lab is ready for them', async () => {
  const sectionOf = async () => {
    const { answer } = await answerOf(...at('plan', 'mtls'))
    return answer.sections.find(({ id }: { id: string }) => id === 'maturity')
  }
  await hop(...at('mode', 'edge-terminate-plaintext'))
  expect(await sectionOf()).toMatchObject({ passed: true })
  await hop(...at('switch', 'renewal', '{"orders":{"on":false}}'))
  const withheld = await sectionOf()
  expect(withheld).toMatchObject({ passed: false })
  expect(withheld.answer).toMatch(/withheld because orders was told not to renew/)
  await hop(...at('switch', 'renewal', 'default'))
})
