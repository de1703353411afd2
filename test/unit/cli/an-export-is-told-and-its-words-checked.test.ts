import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { type ExportWords, exportTo } from '../../../cli/commands/export.ts'
import { exitCodeOf } from '../../../cli/exit.ts'
import type { Screen } from '../../../cli/screen.ts'
import { targetNames } from '../../../export/targets.ts'
import type { HopError } from '../../../pki/error.ts'
import { bundled, topologyOf } from '../../support/topologies.ts'

const home = mkdtempSync(join(tmpdir(), 'hop-export-cli-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

const exported = async (target: string, words: ExportWords) => {
  const said: { value: Record<string, unknown>; text: string }[] = []
  const screen = { answer: (value: Record<string, unknown>, text: () => string) => said.push({ value, text: text() }) }
  const code = await exportTo({ stateDir: '/nowhere', screen: screen as unknown as Screen }, target, words)
  return { code, ...said[0]! }
}

const nextStep = { kubernetes: 'kubectl apply -k overlays/', swarm: '-c docker-stack.yml hop-' }

it.each(bundled.flatMap(name => targetNames.map(target => [name, target] as const)))(
  '%s for %s: says where, what, and what to type next, in 100 columns',
  async (name, target) => {
    const out = join(home, `${name}-${target}`)
    const { code, value, text } = await exported(target, { topology: topologyOf(name).path, out })
    const { topology } = topologyOf(name)
    expect(code).toBe(0)
    expect(value).toMatchObject({
      ...{ target, topology: topology.name, space: `hop-${topology.name}`, out },
      mode: topology.situation?.fits ?? 'edge-terminate-plaintext',
    })
    expect((value.written as string[]).every(path => existsSync(join(out, path)))).toBe(true)
    expect(text).toContain(nextStep[target])
    expect(text.split('\n').filter(line => line.replace(out, '').length > 100)).toEqual([])
  },
)

it.each<[string, ExportWords, string, string]>([
  ['kubernets', {}, 'target', '"kubernets"'],
  ['__proto__', {}, 'target', '"__proto__"'],
  ['kubernetes', { mode: 'mtl' }, 'mode', '"mtl"'],
  ['kubernetes', { topology: '/nowhere.yaml' }, '/nowhere.yaml', 'ENOENT'],
  ['kubernetes', { image: '' }, '--image', '""'],
  ['kubernetes', { image: 'Hop' }, '--image', '"Hop"'],
  ['kubernetes', { image: 'a b' }, '--image', '"a b"'],
  ['kubernetes', { image: 'x\n- name: y' }, '--image', String.raw`"x\n- name: y"`],
  ['kubernetes', { image: `a/${'b'.repeat(300)}` }, '--image', `"a/${'b'.repeat(98)}"`],
  ['kubernetes', { namespace: '' }, '--namespace', '""'],
  ['kubernetes', { namespace: 'Hop' }, '--namespace', '"Hop"'],
  ['kubernetes', { namespace: 'hop-' }, '--namespace', '"hop-"'],
  ['kubernetes', { namespace: 'a'.repeat(64) }, '--namespace', `"${'a'.repeat(64)}"`],
  ['kubernetes', { out: '' }, '--out', '""'],
  ['kubernetes', { out: '/proc/hop' }, '--out /proc/hop', '/proc/hop'],
])('hop export %s %j is refused', async (target, words, field, found) => {
  const out = words.out ?? join(home, 'refused')
  const error: HopError = await exported(target, { ...words, out }).then(
    () => expect.fail('was not refused'),
    failure => failure,
  )
  expect([error.field, exitCodeOf(error)]).toEqual([field, 2])
  expect(error.found).toContain(found)
  expect(existsSync(join(home, 'refused'))).toBe(false)
})

it.each(['hop-by-hop:0.1.0', 'registry.example:5000/team/hop_by-hop', `hop@sha256:${'a'.repeat(64)}`])(
  'takes %s for an image',
  async image => {
    const { value } = await exported('kubernetes', { image, out: join(home, 'image') })
    expect(value.image).toBe(image)
  },
)
