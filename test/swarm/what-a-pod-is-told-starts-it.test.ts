import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exportLab } from '../../export/export.ts'
import { targets } from '../../export/targets.ts'
import type { ControlState } from '../../services/control/glance.ts'
import { buildImage, docker, engineThere } from '../compose/engine.ts'
import { built, type Manifest } from '../support/kubernetes/built.ts'
import { topologyOf } from '../support/topologies.ts'
import { playPod } from './pods.ts'
import { image, until } from './stack.ts'

const there = engineThere()
if (!there) console.warn('\n== NOT TESTED: no Docker engine answers here; no exported pod was started\n')

const network = 'hop-pods-test'
const removeAll = async () => {
  const ids = (await docker(['ps', '-aq', '--filter', `label=${network}`])).split('\n').filter(Boolean)
  if (ids.length > 0) await docker(['rm', '--force', '--volumes', ...ids])
  await docker(['network', 'rm', network]).catch(() => {})
  await docker(['volume', 'rm', '--force', `${network}-data`])
}

// sidecars all over: every kind of pod there is
const { topology, text } = topologyOf('shop-sidecars')

describe.skipIf(!there)('exported pods, played by a container engine', () => {
  const home = there ? mkdtempSync(join(tmpdir(), 'hop-pods-')) : ''
  const out = join(home, 'out')
  let containers: string[] = []
  let manifests: Manifest[] = []

  beforeAll(async () => {
    await buildImage(image)
    await removeAll()
    await docker(['network', 'create', network])
    const options = { topology, topologyText: text, mode: 'mtls', image, space: 'hop-pods' } as const
    const { secrets } = exportLab('kubernetes', options, out)
    const made = Object.fromEntries(secrets.made.map(path => [path, readFileSync(join(out, path), 'utf8')]))
    manifests = built({ ...targets.kubernetes.tree(options), ...made }, 'overlays/hybrid')
    const pods = manifests.filter(({ spec }) => spec?.template)
    containers = (
      await Promise.all(pods.map(pod => playPod(pod, { manifests, directory: join(home, 'volumes'), network })))
    ).flat()
  })
  afterAll(async () => {
    await removeAll()
    rmSync(home, { recursive: true, force: true })
  })

  /** The hop command beside the control plane, where a forwarded port comes out too. */
  const hop = async (...words: string[]): Promise<unknown> => {
    const lab = JSON.parse(readFileSync(join(out, 'lab.json'), 'utf8'))
    const edge = { ...lab.edge, host: topology.ingress.edge }
    const token = '/run/hop/operator/operator-token'
    writeFileSync(join(home, 'lab.json'), JSON.stringify({ ...lab, edge, tokenFile: token }))
    const own = (path: string) => [
      '-v',
      `${join(home, path)}:${path === 'lab.json' ? '/lab.json' : '/run/hop/operator'}:ro`,
    ]
    return JSON.parse(
      await docker([
        ...['run', '--rm', '--network', `container:${network}-control-control`, '--tmpfs', '/tmp:mode=1777'],
        ...['--user', '1000:1000', '--env', 'HOP_LAB=/lab.json', '--env', 'HOP_STATE=/tmp/hop'],
        ...[...own('lab.json'), ...own('volumes/control/operator'), '--entrypoint', '/app/containers/run'],
        ...[image, 'hop', ...words, '--json'],
      ]),
    )
  }

  test('all pass the probe that they are asked, each container by itself', async () => {
    const [command] = manifests.find(({ kind }) => kind === 'StatefulSet')!.spec.template.spec.containers[0]
      .startupProbe.exec.command
    const unwell = async () => {
      const asked = await Promise.all(
        containers.map(each =>
          docker(['exec', each, command]).then(
            () => undefined,
            () => each,
          ),
        ),
      )
      return asked.filter(each => each !== undefined)
    }
    await until(async () => (await unwell()).length === 0, 120_000)
    expect(await unwell()).toEqual([])
    expect(containers).toHaveLength(Object.keys(topology.workloads).length + 1 + 4)
  })

  test('all have enrolled and did as told, in the mode of the overlay', async () => {
    const state = async () => (await hop('state')) as ControlState
    await until(async () => (await state()).settled, 60_000)
    expect(await state()).toMatchObject({ settled: true, mode: 'hybrid' })
  })

  test('serve the request that shows the lab at work', async () => {
    expect(await hop('request')).toMatchObject({ answer: { status: 201 } })
  })
})
