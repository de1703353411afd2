import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join as path } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exportLab } from '../../export/export.ts'
import type { Cell } from '../../scenarios/scenario.ts'
import { modes } from '../../services/modes.ts'
import { buildImage, docker, engineThere } from '../compose/engine.ts'
import { topologyOf } from '../support/topologies.ts'
import { image, inside, join, ports, remains, replicas, stack, takeAway, until } from './stack.ts'

const there = engineThere()
if (!there) console.warn('\n== NOT TESTED: no Docker engine answers here; no stack was deployed on a swarm\n')

const { topology, text } = topologyOf('shop')
const workloads = Object.keys(topology.workloads)
const services = ['control', 'wire', 'scenarios', ...workloads]

type Service = {
  Spec: {
    EndpointSpec: { Mode: string; Ports?: { PublishMode: string; PublishedPort: number; TargetPort: number }[] }
    TaskTemplate: {
      ContainerSpec: {
        User: string
        ReadOnly: boolean
        Init: boolean
        CapabilityDrop: string[]
        Env: string[] | null
        Secrets: { SecretName: string; File: { UID: string; Mode: number } }[]
      }
      Resources: { Limits: { MemoryBytes: number; NanoCPUs: number; Pids: number } }
      Networks: { Target: string }[]
    }
  }
}

/** Requests of the public, one after the other, until its input ends; tells how many came to nothing. */
const calling = `
  import { readGivenLab } from '/app/lab/given-lab.ts'
  import { connectLab } from '/app/scenarios/lab-client.ts'
  import { createOutsider } from '/app/scenarios/tools/outsider.ts'
  const lab = await connectLab(readGivenLab(process.env.HOP_LAB).access)
  const outsider = await createOutsider(lab)
  const { method, path, body } = lab.topology.probe
  const lost = []
  let calls = 0
  for (const end = Date.now() + Number(process.argv.at(-1)); Date.now() < end; calls++) {
    const answer = await outsider.send({ method, path, body })
    if (!answer.answered || answer.status !== 201) lost.push(answer.answered ? [answer.status, answer.body] : answer.failure)
  }
  await lab.close()
  console.log(JSON.stringify({ calls, lost }))`

describe.skipIf(!there)('a stack on a swarm of one', () => {
  const out = there ? mkdtempSync(path(tmpdir(), 'hop-swarm-')) : ''
  let leave = async () => {}

  beforeAll(async () => {
    await buildImage(image)
    leave = await join()
    await takeAway()
    exportLab('swarm', { topology, topologyText: text, mode: 'mtls', image, space: stack }, out)
    Object.assign(process.env, ports)
    await docker(['stack', 'deploy', '--resolve-image', 'never', '-c', path(out, 'docker-stack.yml'), stack])
    await until(async () => Object.values(await replicas()).every(count => count === '1/1'))
  })

  afterAll(async () => {
    try {
      await takeAway()
      expect(await remains()).toEqual([])
    } finally {
      await leave()
      rmSync(out, { recursive: true, force: true })
    }
  })

  test('runs a task for each part, and each is well', async () => {
    expect(await replicas()).toEqual(Object.fromEntries(services.map(name => [name, '1/1'])))
  })

  test('publishes the edge and nothing else; has no capability, no root, limits, and only its own secret', async () => {
    for (const name of services) {
      const [{ Spec }] = JSON.parse(await docker(['service', 'inspect', `${stack}_${name}`])) as [Service]
      const { ContainerSpec, Resources } = Spec.TaskTemplate
      expect([
        name,
        ...(Spec.EndpointSpec.Ports ?? []).map(each => `${each.TargetPort} ${each.PublishMode}`).sort(),
      ]).toEqual([name, ...(name === topology.ingress.edge ? ['8080 host', '8443 host'] : [])])
      expect(ContainerSpec, name).toMatchObject({
        User: '1000:1000',
        ReadOnly: true,
        Init: true,
        CapabilityDrop: ['ALL'],
      })
      expect(Resources.Limits.MemoryBytes * Resources.Limits.NanoCPUs * Resources.Limits.Pids, name).toBeGreaterThan(0)
      const secrets = ContainerSpec.Secrets.map(({ SecretName, File }) => [
        SecretName.replace(`${stack}_`, ''),
        File.UID,
        File.Mode,
      ])
      const bootstrap = (each: string) => [`${each}.bootstrap`, '1000', 0o400]
      const operator = ['operator-token', '1000', 0o400]
      const expected = workloads.includes(name)
        ? [bootstrap(name)]
        : name === 'control'
          ? [operator, ...workloads.map(bootstrap)]
          : [operator]
      expect(secrets.sort(), name).toEqual(expected.sort())
    }
  })

  test('keeps zones apart, in networks that lead nowhere but from where the edge is', async () => {
    const ids = (await docker(['network', 'ls', '-q', '--filter', `label=com.docker.stack.namespace=${stack}`]))
      .split('\n')
      .filter(Boolean)
    const found = JSON.parse(await docker(['network', 'inspect', ...ids])) as {
      Id: string
      Name: string
      Internal: boolean
      Options: Record<string, string>
    }[]
    const named = Object.fromEntries(
      found.map(({ Name, Internal, Options }) => [Name.replace(`${stack}_`, ''), [Internal, 'encrypted' in Options]]),
    )
    expect(named).toEqual({
      dmz: [false, true],
      internal: [true, true],
      sensitive: [true, true],
      operator_only: [true, true],
    })
    const [payments] = JSON.parse(await docker(['service', 'inspect', `${stack}_payments`])) as [Service]
    const names = Object.fromEntries(found.map(({ Id, Name }) => [Id, Name.replace(`${stack}_`, '')]))
    expect(payments.Spec.TaskTemplate.Networks.map(({ Target }) => names[Target])).toEqual(['sensitive'])
  })

  test.each(modes)('the matrix of %s comes out as its table has it', async mode => {
    const told = await inside('scenarios', '/app/containers/run', 'hop', 'matrix', '--mode', mode, '--json').catch(
      error => error.out,
    )
    const { cells } = JSON.parse(told) as { cells: Cell[] }
    const unexpected = cells.filter(cell => !cell.asExpected)
    expect(unexpected.map(({ scenario, link, verdict, because }) => [scenario, link, verdict, because])).toEqual([])
    expect(cells.length).toBeGreaterThan(100)
  })

  test.each(['inventory', 'payments'])('replaces %s while requests are made, and loses none', async name => {
    const run = ['node', '--input-type=module', '-e', calling, '--', '25000']
    const calls = inside('scenarios', ...run)
    await docker(['service', 'update', '--force', '--detach=false', '--quiet', `${stack}_${name}`])
    const { calls: made, lost } = JSON.parse(await calls) as { calls: number; lost: unknown[] }
    expect(made).toBeGreaterThan(50)
    expect(lost).toEqual([])
    expect((await replicas())[name]).toBe('1/1')
  })
})
