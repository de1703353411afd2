import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { spkiHash } from '../../pki/keys.ts'
import { createOldServer } from '../../scenarios/tools/old-tls.ts'
import type { Mode } from '../../services/modes.ts'
import { reportOf, stateOf } from '../integration/abuse-support.ts'
import { operator, startTestLab, type TestLab } from '../support/lab.ts'
import { run, witness } from './tools.ts'

const curlThere = witness('curl', 'no client that is not ours placed an order.')
const opensslThere = witness('openssl', 'no client that is not ours looked at the edge’s TLS.')
/** Debian calls it by the shorter name. */
const scanner = process.env.PATH?.split(':').some(dir => existsSync(join(dir, 'testssl'))) ? 'testssl' : 'testssl.sh'
const testsslThere = witness(scanner, 'the edge was not scanned.')

const home = mkdtempSync(join(tmpdir(), 'hop-witness-'))
const roots = join(home, 'roots.pem')
let lab: TestLab
let port: number

beforeAll(async () => {
  lab = await startTestLab({ mode: 'mtls' })
  port = lab.access.edge.port
  writeFileSync(roots, (await stateOf(lab)).bundle)
})
afterAll(async () => {
  await lab?.close()
  rmSync(home, { recursive: true, force: true })
})

const name = 'shop.hop.lab'
const setMode = (mode: Mode) => operator(lab, 'PUT', '/api/mode', { mode })

describe.skipIf(!curlThere)('curl', () => {
  const told = '\n%{http_code} %{http_version} %{ssl_verify_result} %{redirect_url}'
  const curl = async (url: string, ...args: string[]) => {
    const where = [port, lab.access.redirect.port].flatMap(p => ['--resolve', `${name}:${p}:127.0.0.1`])
    const { code, out } = await run('curl', ['-sS', '--cacert', roots, ...where, '-w', told, ...args, url])
    return { code, told: out.slice(out.lastIndexOf('\n') + 1).trim(), body: out.slice(0, out.lastIndexOf('\n')) }
  }
  const order = (...args: string[]) => {
    const body = JSON.stringify(lab.topology.probe.body)
    return curl(`https://${name}:${port}/orders`, '-d', body, '-H', 'content-type: application/json', ...args)
  }

  test.each<[Mode, string, string[]]>([
    ['mtls', '201 1.1 0', ['--http1.1', '--tlsv1.3']],
    ['mtls', '201 1.1 0', ['--http1.1', '--tlsv1.2', '--tls-max', '1.2']],
    ['mtls', '201 2 0', ['--http2']],
    ['edge-terminate-plaintext', '201 2 0', []],
    ['passthrough', '201 1.1 0', ['--tlsv1.3']],
    ['passthrough', '201 1.1 0', ['--tlsv1.2', '--tls-max', '1.2']],
  ])('places an order under %s: %s (%j)', async (mode, expected, args) => {
    await setMode(mode)
    const answer = await order(...args)
    expect([answer.code, answer.told]).toEqual([0, expected])
    expect(JSON.parse(answer.body)).toMatchObject({ amount: 4200, charged: 4200 })
  })

  test.each<[string, Mode, string[], number]>([
    ['TLS 1.1', 'mtls', ['--tlsv1.0', '--tls-max', '1.1', '--ciphers', 'DEFAULT:@SECLEVEL=0'], 35],
    ['TLS 1.2 with CBC', 'mtls', ['--tls-max', '1.2', '--ciphers', 'ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0'], 35],
    [
      'TLS 1.1 where the service itself answers',
      'passthrough',
      ['--tlsv1.0', '--tls-max', '1.1', '--ciphers', 'DEFAULT:@SECLEVEL=0'],
      35,
    ],
    ['roots that are not the lab’s', 'mtls', ['--cacert', '/etc/ssl/certs/ca-certificates.crt'], 60],
  ])('gets nowhere with %s', async (_, mode, args, code) => {
    await setMode(mode)
    expect((await order(...args)).code).toBe(code)
  })

  test('is refused in plaintext at the port of TLS, and sent to HTTPS by the plaintext door', async () => {
    await setMode('mtls')
    expect((await curl(`http://${name}:${port}/orders`)).told).toMatch(/^426 /)
    const sent = await curl(`http://${name}:${lab.access.redirect.port}/orders?a=b`)
    expect(sent.told).toBe(`308 1.1 0 https://${name}:${port}/orders?a=b`)
    const followed = await curl(`http://${name}:${lab.access.redirect.port}/orders/none`, '--location')
    expect(followed.told).toMatch(/^404 2 0/)
    await setMode('passthrough')
    const answer = await curl(`http://${name}:${port}/orders`)
    expect(answer.code).not.toBe(0)
    expect(answer.told).toMatch(/^000 /)
  })
})

describe.skipIf(!opensslThere)('openssl s_client', () => {
  const look = async (...args: string[]) => {
    const to = ['-connect', `127.0.0.1:${port}`, '-servername', name, '-verify_hostname', name, '-CAfile', roots]
    const { out, err } = await run('openssl', ['s_client', ...to, ...args])
    const pem = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/.exec(out)?.[0]
    return { said: out + err, ...(pem ? { key: spkiHash(pem) } : {}) }
  }

  test('verifies the edge with the lab’s roots, over TLS 1.3 and 1.2', async () => {
    await setMode('mtls')
    for (const [flag, version] of [
      ['-tls1_3', 'TLSv1.3'],
      ['-tls1_2', 'TLSv1.2'],
    ] as const) {
      const { said } = await look(flag, '-verify_return_error')
      expect(said).toMatch(/Verify return code: 0 \(ok\)/)
      expect(said).toContain(version)
    }
  })

  test('is refused with TLS 1.1, by its version', async () => {
    const { said } = await look('-tls1_1', '-cipher', 'DEFAULT:@SECLEVEL=0')
    expect(said).toMatch(/alert protocol version/)
  })

  test('is shown the edge’s own key where the edge ends TLS, and the service’s under passthrough', async () => {
    const keysOf = async (workload: string) =>
      (await reportOf(lab, workload)).held.filter(({ kind }) => kind === 'public').map(({ key }) => key)
    await setMode('mtls')
    expect([await keysOf('edge'), await keysOf('orders')]).toEqual([[(await look()).key], []])
    await setMode('passthrough')
    expect([await keysOf('edge'), await keysOf('orders')]).toEqual([[], [(await look()).key]])
  })
})

type Finding = { id: string; severity: string; finding: string }

describe.skipIf(!testsslThere)('testssl', () => {
  const scan = async (at: string, ...args: string[]): Promise<Finding[]> => {
    const file = join(home, `scan-${at.replace(/\W/g, '-')}.json`)
    const quietly = ['--quiet', '--warnings', 'off', '--color', '0', '--nodns', 'none', '--ip', '127.0.0.1']
    const { err } = await run(scanner, [...quietly, '--jsonfile', file, ...args, at], { mostMs: 400_000 })
    expect(err).not.toMatch(/fatal|unrecognized/i)
    return JSON.parse(readFileSync(file, 'utf8'))
  }
  const quiet = new Set(['OK', 'INFO', 'DEBUG'])
  const complaints = (findings: readonly Finding[]) => findings.filter(({ severity }) => !quiet.has(severity))

  /** What it says of any edge that runs on a laptop, and why each is no fault of ours. */
  const excepted: Record<string, string> = {
    engine_problem: 'about the scanner’s own OpenSSL',
    scanProblem: 'about the scanner’s own run',
    cert_expirationStatus: 'the certificate is made to live for an hour and renewed in time (claim L3)',
    cert_notAfter: 'the same',
    cert_crlRevoked: 'the list’s address is a name of the lab that no resolver knows; workloads get lists from control',
    cert_ocspURL: 'no OCSP responder: short lives and lists do its work',
    DNS_CAArecord: 'no public DNS has a record of a .lab name',
    certificate_transparency: 'no public log takes certificates of a private authority',
    sessionresumption_ticket: 'the scanner’s second connection fails at times; resumption is tested in abuse-downgrade',
  }

  test('finds nothing to complain of at the edge', async () => {
    await setMode('mtls')
    const parts = ['-p', '-s', '-f', '-P', '-S', '-h', '-U']
    const findings = await scan(`https://${name}:${port}/`, '--add-ca', roots, ...parts)
    expect(complaints(findings).filter(({ id }) => !Object.hasOwn(excepted, id))).toEqual([])
    const said = (id: string) => findings.find(finding => finding.id === id)
    for (const id of [
      'SSLv2',
      'SSLv3',
      'TLS1_3',
      'cipherlist_NULL',
      'PFS',
      'heartbleed',
      'ROBOT',
      'secure_renego',
      'BREACH',
    ])
      expect([id, said(id)?.severity]).toEqual([id, 'OK'])
    expect(said('HSTS_time')).toMatchObject({ severity: 'OK', finding: expect.stringMatching(/730 days/) })
    expect(said('cert_chain_of_trust')?.severity).toBe('OK')
  })

  test('does complain where there is something: a server that takes what is old', async () => {
    const old = await createOldServer()
    try {
      const found = complaints(await scan(`https://old.example:${old.address.port}/`, '-p', '-s'))
      expect(found.map(({ id }) => id)).toEqual(expect.arrayContaining(['TLS1', 'TLS1_1', 'cipherlist_aNULL']))
    } finally {
      await old.close()
    }
  })
})
