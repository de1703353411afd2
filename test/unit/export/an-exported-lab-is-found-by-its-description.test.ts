import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { parse } from 'yaml'
import { exportLab } from '../../../export/export.ts'
import { type TargetName, targetNames } from '../../../export/targets.ts'
import { readGivenLab } from '../../../lab/given-lab.ts'
import { built } from '../../support/kubernetes/built.ts'
import { topologyOf } from '../../support/topologies.ts'

const home = mkdtempSync(join(tmpdir(), 'hop-export-lab-'))
const before = process.cwd()
const { topology, text } = topologyOf('clinic')
const write = (target: TargetName) =>
  exportLab(
    target,
    { topology, topologyText: text, mode: 'mtls', image: 'hop:test', space: 'hop-test' },
    join(home, target),
  )

beforeAll(() => {
  for (const target of targetNames) write(target)
})
afterAll(() => {
  process.chdir(before)
  rmSync(home, { recursive: true, force: true })
})

it('kubernetes: through ports forwarded under the numbers that the pods have, with the token that was made', () => {
  process.chdir(join(home, 'kubernetes'))
  const { access } = readGivenLab('lab.json')
  expect(access.token).toBe(readFileSync('base/secrets/operator/operator-token', 'utf8').trim())
  const tree = Object.fromEntries(write('kubernetes').unchanged.map(path => [path, readFileSync(path, 'utf8')]))
  const [{ env, ports }] = built(tree, 'base').find(({ kind }) => kind === 'StatefulSet')!.spec.template.spec.containers
  expect(env).toContainEqual({ name: 'HOP_OPERATOR_LISTEN', value: access.operator.replace('http://', '') })
  expect(ports).toContainEqual({ name: 'workloads', containerPort: access.control.port, protocol: 'TCP' })
  const front = built(tree, 'base').find(({ kind, metadata }) => kind === 'Service' && metadata.name === 'edge-public')!
  const open = front.spec.ports.map(({ port }: { port: number }) => port)
  expect(open).toEqual([access.edge.port, access.redirect.port])
  expect(access.wire).toBeNull()
})

it('swarm: by names on the networks of its own service', () => {
  const lab = JSON.parse(readFileSync(join(home, 'swarm/lab.json'), 'utf8'))
  const { services } = parse(readFileSync(join(home, 'swarm/docker-stack.yml'), 'utf8'))
  const aliases = (service: string) =>
    Object.values(services[service].networks as Record<string, { aliases?: string[] }>).flatMap(
      each => each.aliases ?? [],
    )
  expect([new URL(lab.operator).hostname]).toEqual(aliases('control'))
  expect(aliases('wire')).toContain(new URL(lab.wire).hostname)
  expect(aliases('wire')).toContain(lab.edge.host)
  expect(lab.redirect.host).toBe(topology.ingress.edge)
  const [secret] = services.scenarios.secrets
  expect([secret.source, secret.target]).toEqual(['operator-token', lab.tokenFile])
})
