import {
  chmodSync,
  linkSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startEmbedded } from '../../lab/embedded.ts'
import { createPublicClient, operator, startTestLab, type TestLab } from '../support/lab.ts'
import { reportOf, stateOf, stealIdentity } from './abuse-support.ts'
import { createFakeWorkload } from './control-support.ts'

let lab: TestLab
let logs = ''
const logTo = {
  write(line: string) {
    logs += line
  },
}

beforeAll(async () => {
  lab = await startTestLab({ logTo })
})
afterAll(() => lab.close())

const card = '4000000000000002'

/** Everything a stranger, a member of the staff and a badly written client get to read in answer. */
const provokeAnswers = async (): Promise<string> => {
  const client = await createPublicClient(lab)
  const { body: ours } = lab.topology.probe
  const bodies = [
    ...[ours, { ...ours, card: `${card}x` }, { ...ours, card: Number(card) }, { ...ours, card: [card] }].map(body =>
      JSON.stringify(body),
    ),
    `{"card":"${card}"`,
    `card=${card}`,
  ]
  let answers = ''
  for (const body of bodies) answers += (await client.send({ body })).body
  const refused = { authorization: `Bearer ${card}`, cookie: `token=${lab.access.token}` }
  answers += (
    await client.send({
      method: 'GET',
      body: null,
      path: `/orders/x?card=${card}&token=${lab.access.token}`,
      headers: refused,
    })
  ).body
  await client.close()

  for (const [method, path] of [
    ['GET', '/api/nothing'],
    ['PUT', '/api/mode'],
    ['GET', '/api/state'],
  ] as const) {
    const answer = await fetch(`${lab.access.operator}${path}`, {
      method,
      headers: { authorization: `Bearer ${lab.access.token}` },
    })
    answers += await answer.text()
    answers += await (await fetch(`${lab.access.operator}${path}?token=${lab.access.token}`, { method })).text()
  }
  return answers
}

describe('secrets', () => {
  test('stay out of logs, answers, audit, environment and arguments', async () => {
    const { token, key } = await stealIdentity(lab, 'orders')
    const again = createFakeWorkload(
      { address: lab.access.control, bootstrap: [(await stateOf(lab)).bundle] },
      'orders',
    )
    const twice = await again.enrol(token)
    expect([twice.status, twice.json.code]).toEqual([401, 'join-token-used'])
    const answers = (await provokeAnswers()) + twice.text
    const audit = JSON.stringify(await operator(lab, 'GET', '/api/audit'))
    const reports = JSON.stringify(
      await Promise.all(Object.keys(lab.topology.workloads).map(name => reportOf(lab, name))),
    )

    // the search would find something: everybody logged, and what was asked is there
    for (const name of [...Object.keys(lab.topology.workloads), 'control'])
      expect(logs).toContain(`"workload":"${name}"`)
    for (const said of ['"path":"/orders"', 'join-token-used', '"path":"/orders/x"']) expect(logs).toContain(said)
    expect(answers).toMatch(/"field":"card".*"found":"17 characters"/)
    expect(audit).toContain('join-token-used')

    const environment = readFileSync('/proc/self/environ', 'latin1') + readFileSync('/proc/self/cmdline', 'latin1')
    const places = { logs, answers, audit, reports, environment, process: JSON.stringify([process.env, process.argv]) }
    const secrets = {
      card,
      'operator token': lab.access.token,
      'join token': token,
      key: key.split('\n')[1]!,
      'any private key': 'PRIVATE KEY',
    }
    for (const [place, text] of Object.entries(places))
      for (const [secret, bytes] of Object.entries(secrets))
        expect([place, secret, text.includes(bytes)]).toEqual([place, secret, false])
  })

  test('on disk are for their owner alone, and the join tokens there are digests', async () => {
    const { token } = await stealIdentity(lab, 'orders')
    expect(statSync(lab.stateDir).mode & 0o777).toBe(0o700)
    const files = readdirSync(lab.stateDir)
    expect(files).toContain('control.sqlite')
    for (const file of files) {
      const path = join(lab.stateDir, file)
      expect([file, statSync(path).mode & 0o777]).toEqual([file, 0o600])
      expect(readFileSync(path, 'latin1').includes(token)).toBe(false)
    }
  })

  test('a database that others can read, or reach by another name, is refused; as it was, it is opened again', async () => {
    const home = mkdtempSync(join(tmpdir(), 'hop-abuse-'))
    const [database, elsewhere] = [join(home, 'state', 'control.sqlite'), join(home, 'elsewhere')]
    const start = () =>
      startEmbedded({ topology: lab.topology, stateDir: join(home, 'state'), mode: 'mtls', wire: false })
    const refused = async (code: string) => expect(start()).rejects.toMatchObject({ code })
    try {
      await (await start()).close()
      chmodSync(database, 0o644)
      await refused('state-readable-by-others')
      chmodSync(database, 0o600)
      linkSync(database, elsewhere)
      await refused('state-hard-link')
      rmSync(elsewhere)
      renameSync(database, elsewhere)
      symlinkSync(elsewhere, database)
      await refused('state-symlink')
      renameSync(elsewhere, database)
      await (await start()).close()
    } finally {
      rmSync(home, { recursive: true, force: true })
    }
  })
})

/** Local addresses of the TCP sockets this process listens on, from proc(5). */
const listeners = (): string[] => {
  const own = new Set(
    readdirSync('/proc/self/fd').flatMap(fd => {
      try {
        return [/^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${fd}`))?.[1]]
      } catch {
        return []
      }
    }),
  )
  return ['tcp', 'tcp6'].flatMap(table =>
    readFileSync(`/proc/self/net/${table}`, 'latin1')
      .split('\n')
      .slice(1)
      .map(line => line.trim().split(/\s+/))
      .filter(([, , , state, , , , , , inode]) => state === '0A' && own.has(inode))
      .map(([, local]) => local!),
  )
}

test.skipIf(process.platform !== 'linux')('every listener of the lab is on loopback', async () => {
  const found = listeners()
  const { workloads } = await stateOf(lab)
  const hex = (port: number) => port.toString(16).toUpperCase().padStart(4, '0')
  const known = [
    lab.access.edge.port,
    lab.access.control.port,
    lab.access.redirect.port,
    Number(new URL(lab.access.operator).port),
    Number(new URL(lab.access.wire!).port),
    ...workloads.map(({ address }) => address!.port),
  ]
  for (const port of known) expect(found.map(local => local.split(':')[1])).toContain(hex(port))
  expect(found.filter(local => !local.startsWith('0100007F:'))).toEqual([])
})
