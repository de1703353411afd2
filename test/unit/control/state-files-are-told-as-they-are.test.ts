import { chmodSync, linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { stateFilesIn } from '../../../services/control/state/state-files.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'hop-state-files-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

test('who may read them is read from the file system each time, not remembered', () => {
  const file = join(directory, 'a')
  writeFileSync(file, 'secret', { mode: 0o600 })
  const modes = () => stateFilesIn(directory).map(({ name, mode }) => [name, mode])
  expect(modes()).toEqual([
    ['.', '700'],
    ['a', '600'],
  ])
  chmodSync(file, 0o644)
  chmodSync(directory, 0o755)
  expect(modes()).toEqual([
    ['.', '755'],
    ['a', '644'],
  ])
})

test('a link is told as one and not followed, a second name and a directory are counted', () => {
  const elsewhere = mkdtempSync(join(tmpdir(), 'hop-state-files-'))
  try {
    writeFileSync(join(elsewhere, 'kept'), 'secret', { mode: 0o600 })
    linkSync(join(elsewhere, 'kept'), join(directory, 'both'))
    symlinkSync(join(elsewhere, 'kept'), join(directory, 'link'))
    mkdirSync(join(directory, 'more'), { mode: 0o700 })
    expect(stateFilesIn(directory)).toMatchObject([
      { name: '.', kind: 'directory', own: true },
      { name: 'both', kind: 'file', mode: '600', names: 2 },
      { name: 'link', kind: 'link', names: 1 },
      { name: 'more', kind: 'directory', mode: '700' },
    ])
  } finally {
    rmSync(elsewhere, { recursive: true, force: true })
  }
})
