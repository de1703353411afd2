import { beforeAll, describe, expect, test } from 'vitest'
import { compose, containerOf, docker, engineThere, portOf, within } from './engine.ts'

/** Everything that runs by itself; `scenarios` and `attacker` are on demand. */
const services = [
  ...['control', 'wire', 'edge', 'gateway', 'orders', 'payments', 'inventory'],
  ...['shipping-pod', 'shipping-sidecar', 'shipping'],
]
const programs = services.filter(name => name !== 'shipping-pod')

type Inspected = {
  Config: { User: string; Env: string[] }
  HostConfig: {
    ReadonlyRootfs: boolean
    CapDrop: string[]
    CapAdd: string[] | null
    SecurityOpt: string[]
    Memory: number
    PidsLimit: number
    Privileged: boolean
    RestartPolicy: { Name: string }
    Init: boolean
    PortBindings: Record<string, { HostIp: string; HostPort: string }[]> | null
  }
  Mounts: { Type: string; Name: string; Destination: string; RW: boolean }[]
  NetworkSettings: { Networks: Record<string, unknown> }
}

describe.skipIf(!engineThere())('a container of the lab', () => {
  const inspected: Record<string, Inspected> = {}
  beforeAll(async () => {
    for (const service of services)
      inspected[service] = JSON.parse(await docker(['inspect', await containerOf(service)]))[0]
  })

  test.each(services)('%s is started with nothing it does not need', name => {
    const { Config, HostConfig } = inspected[name]!
    const { ReadonlyRootfs, CapDrop, CapAdd, SecurityOpt, Memory, PidsLimit, Privileged, Init, RestartPolicy } =
      HostConfig
    expect({ user: Config.User, ReadonlyRootfs, CapDrop, CapAdd, SecurityOpt, Privileged, Init }).toEqual({
      ...{ user: '1000:1000', ReadonlyRootfs: true, CapDrop: ['ALL'], CapAdd: null },
      ...{ SecurityOpt: ['no-new-privileges:true'], Privileged: false, Init: true },
    })
    expect(Memory).toBeGreaterThan(0)
    expect(Memory).toBeLessThanOrEqual(256 * 1024 * 1024)
    expect(PidsLimit).toBeGreaterThan(0)
    expect(RestartPolicy.Name).toBe('unless-stopped')
  })

  test.each(programs)('%s finds itself so from inside', async name => {
    const script = `
      import { readFileSync, writeFileSync } from 'node:fs'
      const status = Object.fromEntries(readFileSync('/proc/self/status', 'utf8').split('\\n').map(line => line.split(/:\\s+/)))
      const tried = path => { try { writeFileSync(path, ''); return 'written' } catch (error) { return error.code } }
      console.log(JSON.stringify({
        uid: process.getuid(), gid: process.getgid(), groups: process.getgroups(),
        effective: status.CapEff, permitted: status.CapPrm, bounding: status.CapBnd, noNewPrivs: status.NoNewPrivs,
        root: tried('/x'), app: tried('/app/x'), etc: tried('/etc/x'), cache: tried('/cache/x'), temporary: tried('/tmp/x'),
      }))`
    const none = '0000000000000000'
    expect(await within(name, script)).toEqual({
      ...{ uid: 1000, gid: 1000, groups: [1000] },
      ...{ effective: none, permitted: none, bounding: none, noNewPrivs: '1' },
      ...{ root: 'EROFS', app: 'EROFS', etc: 'EROFS', cache: 'EROFS', temporary: 'written' },
    })
  })

  test('publishes nothing, but for the edge and the operator on 127.0.0.1', async () => {
    const published = services.flatMap(name =>
      Object.entries(inspected[name]!.HostConfig.PortBindings ?? {}).flatMap(([port, bindings]) =>
        bindings.map(({ HostIp, HostPort }) => `${name} ${port} on ${HostIp}:${HostPort}`),
      ),
    )
    expect(published.sort()).toEqual([
      `control 7080/tcp on 127.0.0.1:${portOf('OPERATOR_PORT')}`,
      `edge 8080/tcp on 127.0.0.1:${portOf('REDIRECT_PORT')}`,
      `edge 8443/tcp on 127.0.0.1:${portOf('EDGE_PORT')}`,
    ])
  })

  test('has no secret in its environment, its command or its labels', async () => {
    const secrets = (
      await compose(
        'exec',
        '-T',
        'control',
        'sh',
        '-c',
        'cat /run/hop/bootstrap/*/bootstrap-secret /run/hop/operator/*',
      )
    )
      .split('\n')
      .filter(line => line !== '')
    expect(secrets).toHaveLength(7)
    const all = JSON.stringify(inspected)
    for (const secret of secrets) expect(all).not.toContain(secret)
    const logs = await compose('logs', '--no-color')
    for (const secret of secrets) expect(logs).not.toContain(secret)
  })

  test('has no volume but those of memory it needs; only the control plane keeps anything', () => {
    const mounts = Object.fromEntries(
      services.map(name => [
        name,
        inspected[name]!.Mounts.map(
          ({ Name, Destination, RW }) => `${Name.replace(/^hop-test_/, '')} at ${Destination}${RW ? '' : ' ro'}`,
        ).sort(),
      ]),
    )
    const own = (name: string) => [`secret-${name} at /run/hop/own ro`]
    const workloads = ['edge', 'gateway', 'inventory', 'orders', 'payments', 'shipping']
    expect(mounts).toEqual({
      control: [
        'operator at /run/hop/operator',
        ...workloads.map(name => `secret-${name} at /run/hop/bootstrap/${name}`),
        'state at /var/lib/hop',
      ],
      wire: ['operator at /run/hop/operator ro'],
      ...Object.fromEntries(['edge', 'gateway', 'inventory', 'orders', 'payments'].map(name => [name, own(name)])),
      'shipping-sidecar': own('shipping'),
      ...{ shipping: [], 'shipping-pod': [] },
    })
  })

  test('keeps no key where another could find it: not one private key is in any volume but the state', async () => {
    const volumes = (await docker(['volume', 'ls', '-q', '--filter', 'label=com.docker.compose.project=hop-test']))
      .split('\n')
      .filter(name => name !== '' && name !== 'hop-test_state')
    expect(volumes).toHaveLength(7)
    for (const volume of volumes) {
      const mount = `${volume}:/volume:ro`
      const found = await docker([
        ...['run', '--rm', '--network', 'none', '-v', mount, '--entrypoint', 'sh', 'hop-by-hop:0.1.0', '-c'],
        'find /volume -type f | sed s,.*/,,; grep -rl "PRIVATE KEY" /volume || true',
      ])
      expect(found.trim(), volume).toMatch(/^(bootstrap-secret|operator-token)$/)
    }
  })
})
