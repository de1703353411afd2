import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type EmbeddedLab, startEmbedded } from '../../lab/embedded.ts'
import { idOf } from '../../scenarios/flows/hops.ts'
import { callAsCaller } from '../../scenarios/flows/insider-call.ts'
import { listenIn } from '../../scenarios/flows/listen-in.ts'
import { callForUser, serviceHop, wasAnswered, whileTokensChecked } from '../../scenarios/flows/token-checks.ts'
import { tryUserRole } from '../../scenarios/identity/user-role.ts'
import { tryUserTokens } from '../../scenarios/identity/user-token.ts'
import { connectLab, type LabClient } from '../../scenarios/lab-client.ts'
import { freshCanary } from '../../scenarios/tools/canary.ts'
import { forgeAssertion } from '../../scenarios/tools/forged-tokens.ts'
import { createOutsider } from '../../scenarios/tools/outsider.ts'
import { assertionHeader } from '../../services/chassis/propagation.ts'
import { hopsOf } from '../../services/hops.ts'
import { modes } from '../../services/modes.ts'
import { readTopology } from '../../services/topology/file.ts'

const directory = mkdtempSync(join(tmpdir(), 'hop-users-'))
const topology = readTopology('topologies/shop.yaml')
const everybody = Object.keys(topology.workloads)
const logged: string[] = []
let embedded: EmbeddedLab
let lab: LabClient

beforeAll(async () => {
  const logTo = { write: (line: string) => void logged.push(line) }
  embedded = await startEmbedded({ topology, stateDir: join(directory, 'state'), mode: 'hybrid', logTo })
  lab = await connectLab(embedded.access)
})
afterAll(async () => {
  await lab?.close()
  await embedded?.close()
  rmSync(directory, { recursive: true, force: true })
})

const order = async (headers: Record<string, string>) => {
  const { method, path, body } = freshCanary(topology)
  return (await createOutsider(lab)).send({ method, path, body, headers })
}

describe.each(modes)('in %s', mode => {
  test('a service that checks no tokens serves users with bad ones, and so the scenarios say', async () => {
    await lab.switchMode(mode)
    const hops = hopsOf(topology, mode)
    for (const run of [tryUserTokens, tryUserRole])
      expect(await run(lab, hops, false)).toMatchObject({ verdict: 'broken', control: { passed: true } })
  })
})

describe('where the edge checks tokens', () => {
  beforeAll(() => lab.switchMode('edge-terminate-plaintext'))

  test('it answers users without one by the book, HSTS too', async () => {
    await whileTokensChecked(lab, ['edge'], async () => {
      const answer = await order({})
      expect(answer).toMatchObject({ answered: true, status: 401 })
      if (!answer.answered) return
      expect(answer.headers['www-authenticate']).toBe('Bearer realm="shop"')
      expect(answer.headers['content-type']).toBe('application/problem+json')
      expect(answer.headers['strict-transport-security']).toContain('max-age')
      expect(JSON.parse(answer.body)).toMatchObject({ status: 401, failure: 'token-missing' })
    })
  })

  test('the token goes no further, its signed word does, and neither is in any log', async () => {
    await whileTokensChecked(lab, ['edge'], async () => {
      const token = await lab.token({ subject: 'ada' })
      const { answer, raw } = await listenIn(lab, { authorization: `Bearer ${token}` })
      expect(answer).toMatchObject({ answered: true, status: 201 })
      const [, payload, signature] = token.split('.') as [string, string, string]
      const used = topology.links.filter(({ id }) => raw(id).length > 0)
      expect(used.length).toBeGreaterThan(3)
      for (const { id } of used) {
        expect(raw(id).includes(payload) || raw(id).includes(signature), id).toBe(false)
        expect(raw(id).toString('latin1'), id).toMatch(new RegExp(`${assertionHeader}: ey`, 'i'))
      }
      const told = logged.join('')
      expect(told).toContain('"user":"ada","userBy":"token"')
      expect(told.includes(payload) || told.includes(signature)).toBe(false)
      expect(told).not.toMatch(/eyJ[\w-]+\.eyJ/)
    })
  })

  test('a word for a user from the public is not heard, whosever signature it bears', async () => {
    const edge = idOf(topology, 'edge')
    const claims = { iss: edge, sub: 'eve', aud: 'hop.lab', roles: [] }
    const word = forgeAssertion(await lab.credentials.stolen('edge'), claims)
    await whileTokensChecked(lab, everybody, async () => {
      expect(await order({ [assertionHeader]: word })).toMatchObject({ status: 401 })
      const token = await lab.token({ subject: 'ada' })
      expect(await order({ [assertionHeader]: word, authorization: `Bearer ${token}` })).toMatchObject({ status: 201 })
      const { requests } = await lab.report('orders')
      expect(requests.at(-1)).toMatchObject({ user: 'ada', userBy: 'assertion', status: 201 })
    })
  })

  test('a word under a certificate that was revoked is not believed any more', async () => {
    const hop = serviceHop(hopsOf(topology, 'edge-terminate-plaintext'), topology)!
    const other = await connectLab(embedded.access)
    const claims = { iss: idOf(topology, 'edge'), sub: 'eve', aud: 'hop.lab', roles: [] }
    const word = forgeAssertion(await other.credentials.stolen('edge'), claims)
    const bring = () => callAsCaller(lab, hop, { headers: { [assertionHeader]: word } })
    await whileTokensChecked(lab, everybody, async () => {
      expect((await bring()).request).toMatchObject({ user: 'eve', userBy: 'assertion' })
      // what was stolen is revoked when the thief hangs up
      await other.close()
      await expect.poll(async () => (await bring()).request?.failure?.name).toBe('assertion-forged')
    })
  })
})

test('a token goes on being good when the key is changed, and so is a new one', async () => {
  const hop = serviceHop(hopsOf(topology, 'edge-terminate-plaintext'), topology)!
  await whileTokensChecked(lab, [hop.link.callee], async () => {
    const before = await lab.token({ subject: 'ada' })
    await fetch(`${lab.access.operator}/api/tokens/rotate`, {
      method: 'POST',
      headers: { authorization: `Bearer ${lab.access.token}` },
    })
    const after = await lab.token({ subject: 'ada' })
    expect((await lab.jwks()).keys).toHaveLength(2)
    for (const token of [before, after]) expect(wasAnswered(hop, await callForUser(lab, hop, token))).toBe(true)
  })
})
