import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { alone } from '../../../cli/alone.ts'
import { openLogFile } from '../../../cli/log-file.ts'
import { readVerdicts, writeVerdicts } from '../../../cli/verdicts-file.ts'
import { readLabFile, writeLabFile } from '../../../lab/state-file.ts'
import { HopError } from '../../../pki/error.ts'
import { openDatabase } from '../../../services/control/state/database.ts'
import { writeSecret } from '../../../services/process/secret-files.ts'

const address = { host: '127.0.0.1', port: 1 }
const access = {
  ...{
    operator: 'http://127.0.0.1:1',
    wire: null,
    token: 'secret',
    control: address,
    edge: address,
    redirect: address,
  },
}

let home: string
let dir: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'hop-files-'))
  dir = join(home, 'state')
  mkdirSync(dir, { mode: 0o700 })
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

/** Every file a lab keeps from one run to the next, and who opens it. */
const kept: Record<string, { make(): unknown; open(): unknown }> = {
  'control.sqlite': { make: () => openDatabase(dir).close(), open: () => openDatabase(dir).close() },
  'control.sqlite-wal': {
    make: () => writeFileSync(join(dir, 'control.sqlite-wal'), '', { mode: 0o600 }),
    open: () => openDatabase(dir).close(),
  },
  'lab.log': { make: () => openLogFile(dir).close(), open: () => openLogFile(dir).close() },
  'experiments.lock': { make: () => alone(dir, async () => {}), open: () => alone(dir, async () => {}) },
  'lab.json': { make: () => writeLabFile(dir, access, ''), open: () => readLabFile(dir) },
  'verdicts.json': {
    make: () => writeVerdicts(dir, { topology: 'shop', cells: [] }),
    open: () => readVerdicts(dir),
  },
}

/** What somebody may have made of it, and by which codes it is refused. */
const faults: Record<string, { codes: string[]; spoil(path: string): void }> = {
  'others can read': { codes: ['state-readable-by-others'], spoil: path => chmodSync(path, 0o644) },
  'others can write': {
    codes: ['state-readable-by-others', 'lab-file-not-ours', 'verdicts-not-ours'],
    spoil: path => chmodSync(path, 0o622),
  },
  'has a second name': { codes: ['state-hard-link'], spoil: path => linkSync(path, join(home, 'second')) },
  'is a symbolic link': {
    codes: ['state-symlink', 'lab-file-not-ours', 'verdicts-not-ours'],
    spoil(path) {
      renameSync(path, join(home, 'elsewhere'))
      symlinkSync(join(home, 'elsewhere'), path)
    },
  },
}

const refusalOf = async (open: () => unknown): Promise<HopError> => {
  try {
    await open()
  } catch (error) {
    if (error instanceof HopError) return error
    throw error
  }
  throw new Error('it was opened')
}

describe.each(Object.entries(kept))('%s', (name, { make, open }) => {
  test.each(Object.entries(faults))(
    'that %s is refused, by its name and with a remedy',
    async (_, { codes, spoil }) => {
      await make()
      spoil(join(dir, name))
      const { code, message } = await refusalOf(open)
      expect(codes).toContain(code)
      expect(message).toContain(join(dir, name))
      expect(message).toMatch(/expected .*found .*(chmod|[Rr]emove|Look)/s)
    },
  )

  test.runIf(process.getuid?.() === 0)('of somebody else is refused', async () => {
    await make()
    chownSync(join(dir, name), 65_534, 65_534)
    expect(['state-not-ours', 'lab-file-not-ours', 'verdicts-not-ours']).toContain((await refusalOf(open)).code)
  })

  test('as it was made is for its owner alone, and is opened again', async () => {
    await make()
    expect(statSync(join(dir, name)).mode & 0o777).toBe(0o600)
    await open()
  })
})

describe('what is written anew at each start (operator token, bundle) replaces whatever stood there', () => {
  const path = () => join(dir, 'operator-token')

  test.each(Object.entries(faults))('a file that %s', (_, { spoil }) => {
    writeFileSync(path(), 'old', { mode: 0o600 })
    spoil(path())
    writeSecret(path(), 'new')
    expect([lstatSync(path()).isFile(), lstatSync(path()).mode & 0o777, lstatSync(path()).nlink]).toEqual([
      true,
      0o600,
      1,
    ])
    expect(readFileSync(path(), 'utf8')).toBe('new')
  })

  test('and nothing of it goes where a link or another name leads', () => {
    for (const spoil of [faults['is a symbolic link']!.spoil, faults['has a second name']!.spoil]) {
      rmSync(path(), { force: true })
      writeFileSync(path(), 'old', { mode: 0o600 })
      spoil(path())
      writeSecret(path(), 'new')
    }
    expect(readFileSync(join(home, 'elsewhere'), 'utf8')).toBe('old')
    expect(readFileSync(join(home, 'second'), 'utf8')).toBe('old')
  })
})
