import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Exported, exportLab } from '../../../export/export.ts'
import type { ExportOptions } from '../../../export/options.ts'
import type { HopError } from '../../../pki/error.ts'
import { topologyOf } from '../../support/topologies.ts'

let home: string
let out: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'hop-export-'))
  out = join(home, 'out')
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

const options = (name = 'shop', more: Partial<ExportOptions> = {}): ExportOptions => {
  const { topology, text } = topologyOf(name)
  return { topology, topologyText: text, mode: 'mtls', image: 'hop-by-hop:test', space: 'hop-test', ...more }
}
const write = (given = options()): Exported => exportLab('kubernetes', given, out)
const read = (path: string): string => readFileSync(join(out, path), 'utf8')
const refusal = (work: () => unknown): Pick<HopError, 'code' | 'expected' | 'found'> => {
  try {
    work()
  } catch (error) {
    const { code, expected, found } = error as HopError
    return { code, expected, found }
  }
  throw new Error('was not refused')
}
const put = (path: string, text: string): void => {
  mkdirSync(dirname(join(out, path)), { recursive: true })
  writeFileSync(join(out, path), text)
}
const orders = 'base/workloads/orders.yaml'
const secret = 'base/secrets/orders/bootstrap-secret'

it('writes the same files for the same topology, and nothing where all is there already', () => {
  const first = write()
  const texts = first.written.map(read)
  rmSync(out, { recursive: true })
  const second = write()
  expect(second.written).toEqual(first.written)
  expect(second.written.map(read)).toEqual(texts)
  expect(write()).toMatchObject({ written: [], unchanged: first.written, removed: [] })
})

it('replaces what it wrote, and takes away what the topology has no more', () => {
  write(options('shop'))
  const done = write(options('early-team'))
  expect(done.removed).toContain(orders.replace('orders', 'payments'))
  for (const path of done.removed) expect(existsSync(join(out, path)), path).toBe(false)
  expect(read('base/topology.yaml')).toBe(topologyOf('early-team').text)
})

describe('secrets', () => {
  it('are made once, of 256 bits, each another, and kept by the next export', () => {
    const { secrets } = write()
    const texts = secrets.made.map(read)
    expect(secrets.made.length).toBe(Object.keys(options().topology.workloads).length + 1)
    for (const text of texts) expect(text).toMatch(/^[A-Za-z0-9_-]{43}\n$/)
    expect(new Set(texts).size).toBe(texts.length)
    expect(write().secrets).toEqual({ made: [], kept: secrets.made })
    expect(secrets.made.map(read)).toEqual(texts)
  })

  it('are their owner’s alone, and kept out of git', () => {
    write()
    expect([statSync(join(out, secret)).mode & 0o777, statSync(dirname(join(out, secret))).mode & 0o777]).toEqual([
      0o600, 0o700,
    ])
    expect(read('.gitignore')).toMatch(/^secrets\/$/m)
  })

  it('that others can read are refused', () => {
    write()
    chmodSync(join(out, secret), 0o644)
    expect(refusal(write)).toEqual({ code: 'state-readable-by-others', expected: '600', found: '644' })
  })

  it('are not written where a link leads', () => {
    write()
    const elsewhere = join(home, 'elsewhere')
    rmSync(join(out, secret))
    symlinkSync(elsewhere, join(out, secret))
    expect(refusal(write)).toMatchObject({ code: 'export-foreign', found: 'a symbolic link' })
    expect(existsSync(elsewhere)).toBe(false)
  })

  it('of a directory that is a link are not looked at', () => {
    write()
    mkdirSync(join(home, 'elsewhere'), { mode: 0o700 })
    rmSync(dirname(join(out, secret)), { recursive: true })
    symlinkSync(join(home, 'elsewhere'), dirname(join(out, secret)))
    expect(refusal(write)).toMatchObject({ code: 'export-foreign', found: 'a symbolic link' })
    expect(existsSync(join(home, 'elsewhere/bootstrap-secret'))).toBe(false)
  })
})

describe('what somebody else put there is left, and nothing else is written:', () => {
  const cases: [what: string, foreign: () => void, found: string][] = [
    ['a file', () => put(orders, 'mine\n'), 'a file'],
    ['a directory', () => mkdirSync(join(out, orders), { recursive: true }), 'a directory'],
    [
      'a link',
      () => {
        put('note', '')
        mkdirSync(dirname(join(out, orders)), { recursive: true })
        symlinkSync(join(home, 'x'), join(out, orders))
      },
      'a symbolic link',
    ],
    [
      'a link above',
      () => {
        mkdirSync(out)
        symlinkSync(home, join(out, 'base'))
      },
      'a symbolic link',
    ],
    ['a file above', () => put('base', 'mine\n'), 'a file'],
  ]
  it.each(cases)('%s', (_, foreign, found) => {
    foreign()
    expect(refusal(write)).toMatchObject({ code: 'export-foreign', found })
    expect(existsSync(join(out, 'lab.json'))).toBe(false)
  })

  it('a file that was changed since it was written', () => {
    write()
    put(orders, `${read(orders)}# mine\n`)
    const lab = read('lab.json')
    expect(refusal(() => write(options('shop', { image: 'other:1' })))).toEqual({
      code: 'export-foreign',
      expected: `no ${orders}, or the one that an export wrote`,
      found: 'it was changed since',
    })
    expect(read(orders)).toMatch(/# mine\n$/)
    expect(read('lab.json')).toBe(lab)
  })

  it('a changed file that would be taken away', () => {
    write(options('shop'))
    const gone = orders.replace('orders', 'payments')
    put(gone, 'mine\n')
    expect(refusal(() => write(options('early-team')))).toMatchObject({ found: 'it was changed since' })
    expect(read(gone)).toBe('mine\n')
  })

  it('a list of files that leads out of the directory', () => {
    writeFileSync(join(home, 'victim'), 'a')
    for (const path of ['../victim', 'base/../../victim', '/etc/passwd', './x', '']) {
      put('.hop-export.json', JSON.stringify({ files: { [path]: 'a'.repeat(64) } }))
      expect(refusal(write), path).toMatchObject({ code: 'export-foreign', found: 'another file' })
    }
    expect(existsSync(join(home, 'victim'))).toBe(true)
  })

  it('a directory that is a file, or a link', () => {
    writeFileSync(out, 'mine\n')
    expect(refusal(write)).toMatchObject({ code: 'export-foreign', found: `${out}, a file` })
    rmSync(out)
    symlinkSync(home, out)
    expect(refusal(write)).toMatchObject({ code: 'export-foreign', found: `${out}, a symbolic link` })
  })
})

it('names of a topology that no cluster would take are named before anything is written', () => {
  const { topology } = options()
  const zones = { ...topology.zones, 'odd-': { sensitive: false } }
  expect(refusal(() => write(options('shop', { topology: { ...topology, zones } })))).toEqual({
    code: 'export-name',
    expected: 'a name that ends with a letter or a digit (RFC 1123)',
    found: '"odd-"',
  })
  expect(existsSync(out)).toBe(false)
})
