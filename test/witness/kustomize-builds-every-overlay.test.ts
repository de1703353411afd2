import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { exportLab } from '../../export/export.ts'
import { modes } from '../../services/modes.ts'
import { built, type Manifest, treeOf } from '../support/kubernetes/built.ts'
import { faultsOf } from '../support/kubernetes/schemas.ts'
import { bundled, topologyOf } from '../support/topologies.ts'
import { run } from './tools.ts'

/** kubectl has kustomize in it; before 1.21 one that knows other fields. */
const { out } = await run('kubectl', ['version', '--client', '--output=json'])
const minor = Number(/"minor": "(\d+)/.exec(out)?.[1] ?? 0)
const there = minor >= 21
if (!there)
  console.warn(
    '\n== NOT TESTED: no kubectl of 1.21 or later on this machine; no overlay was built by kustomize itself.\n',
  )

const home = mkdtempSync(join(tmpdir(), 'hop-kustomize-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

const kustomize = async (dir: string): Promise<Manifest[]> => {
  const { code, out, err } = await run('kubectl', ['kustomize', dir])
  expect([code, err]).toEqual([0, ''])
  return parseAllDocuments(out).map(document => document.toJS())
}

/** Without the digests that kustomize ends the names of generated objects with, and without their contents. */
const plain = (manifests: readonly Manifest[]): string[] =>
  manifests
    .map(({ stringData: _, data, ...rest }) => ({ ...rest, ...(rest.kind === 'ConfigMap' && { data }) }))
    .map(each =>
      JSON.stringify(each, sorted).replace(
        /(\b(?:topology|control-settings|\w[\w-]*\.bootstrap|operator\.token))-[a-z0-9]{10}"/g,
        '$1"',
      ),
    )
    .sort()

const sorted = (_: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value

describe.runIf(there).each(bundled)('kustomize, %s', name => {
  const { topology, text } = topologyOf(name)
  const dir = join(home, name)
  exportLab(
    'kubernetes',
    { topology, topologyText: text, mode: 'mtls', image: 'hop-by-hop:test', space: `hop-${topology.name}` },
    dir,
  )

  test.each(modes)('builds the overlay %s: what the tests take it for, valid', async mode => {
    const manifests = await kustomize(join(dir, 'overlays', mode))
    expect(plain(manifests)).toEqual(plain(built(treeOf(name), `overlays/${mode}`)))
    expect((await Promise.all(manifests.map(faultsOf))).flat()).toEqual([])
  })

  test('names generated objects by their content, wherever they are used', async () => {
    const manifests = await kustomize(join(dir, 'base'))
    const there = manifests.filter(({ kind }) => /^(ConfigMap|Secret)$/.test(kind)).map(({ metadata }) => metadata.name)
    const used = [
      ...JSON.stringify(manifests.filter(({ spec }) => spec?.template)).matchAll(
        /"(?:secretName|name)":"((?:topology|control-settings|[\w-]+\.bootstrap|operator\.token)-[^"]+)"/g,
      ),
    ].map(([, found]) => found)
    expect(there.length).toBe(Object.keys(topology.workloads).length + 3)
    expect([...new Set(used)].sort()).toEqual(there.sort())
  })
})
