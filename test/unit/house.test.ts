import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** What git has or would take in, as paths from the root. */
const files = spawnSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
  maxBuffer: 1 << 24,
})
  .stdout.split('\0')
  .filter(path => path !== '' && existsSync(join(root, path)))
const sources = files.filter(path => path.endsWith('.ts') && !path.endsWith('.d.ts'))
const textOf = new Map(sources.map(path => [path, readFileSync(join(root, path), 'utf8')]))

/** Rooms from the ground up; the first that fits counts. A file imports from its own floor and from those below. */
const floors: [name: string, rooms: RegExp][] = [
  ['pki', /^pki\//],
  ['chassis', /^services\/chassis\//],
  ['topology and modes', /^services\/(topology\/[a-z-]+|modes|hops|nearest|program-names)\.ts$/],
  ['services', /^services\//],
  ['lab', /^lab\//],
  ['export', /^export\//],
  ['scenarios', /^scenarios\//],
  ['labs', /^labs\//],
  ['cli', /^cli\//],
  ['test and bench', /^(test|bench)\/|^[^/]+$/],
]
const floorOf = (path: string): number => floors.findIndex(([, rooms]) => rooms.test(path))

const importsOf = (path: string, pattern: RegExp): string[] =>
  [...textOf.get(path)!.matchAll(pattern)].map(([, ...to]) => normalize(join(dirname(path), to.find(Boolean)!)))
const everyImport = /(?:\bfrom|\bimport)\s*\(?\s*'(\.[^']+)'/g
const product = sources.filter(path => !/^(test|bench)\//.test(path))

describe('the house', () => {
  test('has a floor for every file', () => {
    expect(sources.length).toBeGreaterThan(100)
    expect(sources.filter(path => floorOf(path) < 0)).toEqual([])
  })

  test('is built upwards: nothing imports from a floor above its own', () => {
    const upwards = sources.flatMap(path =>
      importsOf(path, everyImport)
        .filter(to => textOf.has(to) && floorOf(to) > floorOf(path))
        .map(to => `${path} → ${to}`),
    )
    expect(upwards).toEqual([])
  })

  test('has no circles, not even of types', () => {
    const done = new Set<string>()
    const circles: string[] = []
    const visit = (path: string, trail: readonly string[]): void => {
      if (trail.includes(path)) circles.push([...trail.slice(trail.indexOf(path)), path].join(' → '))
      if (done.has(path) || trail.includes(path)) return
      for (const to of importsOf(path, everyImport)) if (textOf.has(to)) visit(to, [...trail, path])
      done.add(path)
    }
    for (const path of sources) visit(path, [])
    expect(circles).toEqual([])
  })

  test('imports only files that are there', () => {
    const missing = sources.flatMap(path =>
      importsOf(path, everyImport)
        .filter(to => !existsSync(join(root, to)))
        .map(to => `${path} → ${to}`),
    )
    expect(missing).toEqual([])
  })
})

describe('modes', () => {
  // 'mtls' is a transport's name too, 'passthrough' also what an ingress does: those two are caught by the comparison
  const names = /'(edge-terminate-plaintext|re-encrypt|hybrid)'/
  const comparison =
    /\bmode\s*[!=]==?\s*['"`](?!all['"`])|['"`]\s*[!=]==?\s*(?:\w+\.)?mode\b|\bswitch\s*\([^)]*\bmode\b/

  test('are named only in their table, and in what scenarios expect and people type', () => {
    const knowing = product.filter(path => !/^(scenarios|cli)\/|^services\/modes\.ts$/.test(path))
    expect(knowing.filter(path => names.test(textOf.get(path)!))).toEqual([])
  })

  test('are compared with nowhere: the table says what a mode means', () => {
    expect(product.filter(path => path !== 'services/modes.ts' && comparison.test(textOf.get(path)!))).toEqual([])
  })

  test('leave no trace in what services do: their code says nothing about transport', () => {
    const programs = product.filter(path =>
      /^services\/(orders|payments|inventory|shipping|generic|gateway)\//.test(path),
    )
    expect(programs.length).toBeGreaterThanOrEqual(6)
    const aware = /\b(m?tls|https|certificates?|plaintext|encrypt\w*|transport)\b/i
    expect(programs.filter(path => aware.test(textOf.get(path)!))).toEqual([])
  })

  test('are unknown to the chassis altogether', () => {
    const chassis = product.filter(path => /^(pki|services\/chassis)\//.test(path))
    expect(chassis.filter(path => /\bMode\b|modes\.ts|topology\.ts/.test(textOf.get(path)!))).toEqual([])
  })
})

describe('what is committed', () => {
  test('has no private key and no certificate in it', () => {
    const pem = /-----BEGIN [A-Z0-9 ]+-----\s+(?:[A-Za-z0-9+/=]{1,76}\s+){2}/
    expect(files.filter(path => /\.(pem|key|crt|cer|der|p12|pfx|jks|keystore)$/i.test(path))).toEqual([])
    expect(
      files.filter(path => path !== 'package-lock.json' && pem.test(readFileSync(join(root, path), 'latin1'))),
    ).toEqual([])
  })

  test('leaves no test out', () => {
    const word = ['only', 'skip', 'todo', 'fails'].join('|')
    const leftOut = new RegExp(`\\b(?:test|it|describe|suite)(?:\\.\\w+)*\\.(?:${word})\\b|\\bx(?:it|test|describe)\\(`)
    expect(sources.filter(path => path.endsWith('.test.ts') && leftOut.test(textOf.get(path)!))).toEqual([])
  })

  test('says which runtime and which versions, exactly', () => {
    const { dependencies, devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies }))
      expect(version, name).toMatch(/^\d+\.\d+\.\d+$/)
  })
})

test('every mutant names a guard, a test file that is there and the name of a test', () => {
  const patches = files.filter(path => /^test\/mutants\/.*\.patch$/.test(path))
  expect(patches.length).toBeGreaterThan(20)
  for (const path of patches) {
    const text = readFileSync(join(root, path), 'utf8')
    const [, guard, file, name] = /^guard: (.+)\ntest: (.+)\nname: (.+)\n(?:scenario: .+\n)*\n--- a\//.exec(text) ?? []
    expect(guard && name, path).toBeTruthy()
    expect(files, path).toContain(file)
  }
})

test('every mutant still applies to the code it removes a guard from', () => {
  const patches = files.filter(path => /^test\/mutants\/.*\.patch$/.test(path))
  const stale = patches.filter(path => {
    const text = readFileSync(join(root, path), 'utf8')
    const input = text.slice(text.indexOf('\n\n') + 2)
    return spawnSync('git', ['apply', '--check', '-'], { cwd: root, input }).status !== 0
  })
  expect(stale).toEqual([])
  // a process for each patch
}, 120_000)
