import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openLogFile } from '../../../cli/log-file.ts'
import { bornAt, isAlive } from '../../../lab/process-life.ts'
import { findLab, removeLabFile, runningLab, writeLabFile } from '../../../lab/state-file.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'hop-state-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const access = {
  operator: 'http://127.0.0.1:1',
  wire: null,
  token: 'secret',
  control: { host: '127.0.0.1', port: 4 },
  edge: { host: '127.0.0.1', port: 2 },
  redirect: { host: '127.0.0.1', port: 3 },
}
const path = () => join(dir, 'lab.json')
const rewrite = (change: object) =>
  writeFileSync(path(), JSON.stringify({ ...JSON.parse(readFileSync(path(), 'utf8')), ...change }))

it('a written file is found again, is private, and leaves nothing beside it', () => {
  const written = writeLabFile(dir, access, '2026-01-01T00:00:00.000Z')
  expect(findLab(dir)).toEqual(written)
  expect(statSync(path()).mode & 0o777).toBe(0o600)
  expect(readdirSync(dir)).toEqual(['lab.json'])
})

it('a lab whose process is gone does not count', () => {
  writeLabFile(dir, access, '')
  rewrite({ pid: 2 ** 22 + 1 })
  expect(runningLab(dir)).toBeUndefined()
  expect(() => findLab(dir)).toThrow(expect.objectContaining({ code: 'no-lab' }))
})

it('another process with the same number does not count', () => {
  expect(bornAt(process.pid)).not.toBeNull()
  expect(isAlive({ pid: process.pid, born: bornAt(process.pid) })).toBe(true)
  expect(isAlive({ pid: process.pid, born: '1' })).toBe(false)
})

it('a lab of another version is named, not talked to', () => {
  writeLabFile(dir, access, '')
  rewrite({ version: '9.9.9' })
  expect(() => findLab(dir)).toThrow(expect.objectContaining({ code: 'lab-other-version' }))
  expect(runningLab(dir)?.pid).toBe(process.pid)
})

it.each(['', '{', '[]', '{"pid":1}'])('%j is no description of a lab', text => {
  writeFileSync(path(), text, { mode: 0o600 })
  expect(() => findLab(dir)).toThrow(expect.objectContaining({ code: 'lab-file-unreadable' }))
})

it('an operator API that is not on loopback gets no token from us', () => {
  writeLabFile(dir, access, '')
  rewrite({ access: { ...access, operator: 'http://192.0.2.1:80' } })
  expect(() => findLab(dir)).toThrow(expect.objectContaining({ code: 'lab-file-unreadable' }))
})

it('a file that others could have written is not believed', () => {
  writeLabFile(dir, access, '')
  chmodSync(path(), 0o622)
  expect(() => findLab(dir)).toThrow(expect.objectContaining({ code: 'lab-file-not-ours' }))
})

it('only the file of the lab that ended is removed', () => {
  writeLabFile(dir, access, '')
  removeLabFile(dir, process.pid + 1)
  expect(findLab(dir).pid).toBe(process.pid)
  removeLabFile(dir, process.pid)
  expect(runningLab(dir)).toBeUndefined()
})

it('the log is bounded: one file and the one before it', async () => {
  chmodSync(dir, 0o700)
  const log = openLogFile(dir, undefined, 1000)
  for (let i = 0; i < 50; i++) log.write(`${String(i).padStart(99)}\n`)
  await log.close()
  expect(readdirSync(dir).sort()).toEqual(['lab.log', 'lab.log.1'])
  expect(readFileSync(join(dir, 'lab.log'), 'utf8')).toMatch(/ 49\n$/)
  for (const name of readdirSync(dir)) {
    expect(statSync(join(dir, name)).size).toBeLessThanOrEqual(1000)
    expect(statSync(join(dir, name)).mode & 0o777).toBe(0o600)
  }
})
