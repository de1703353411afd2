import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { exitCodeOf } from '../../../cli/exit.ts'
import { preparePage } from '../../../cli/html/page-file.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'hop-page-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const page = '<!doctype html>\n<title>é</title>\n'
const codeOf = (work: () => unknown): string => {
  try {
    work()
  } catch (error) {
    expect(exitCodeOf(error)).toBe(2)
    return (error as { code: string }).code
  }
  return 'nothing was thrown'
}

it('a page is written for its owner, and replaces an earlier one', () => {
  const path = join(dir, 'matrix.html')
  const file = preparePage(path)
  expect(readdirSync(dir)).toEqual([])
  file.write(page)
  expect(readFileSync(path, 'utf8')).toBe(page)
  expect(statSync(path).mode & 0o777).toBe(0o600)
  preparePage(path).write(`${page}again`)
  expect(readFileSync(path, 'utf8')).toBe(`${page}again`)
  expect(readdirSync(dir)).toEqual(['matrix.html'])
})

it('an empty file is taken for a page to be', () => {
  const path = join(dir, 'empty')
  writeFileSync(path, '')
  preparePage(path).write(page)
  expect(readFileSync(path, 'utf8')).toBe(page)
})

it('a file of another kind is left alone', () => {
  const path = join(dir, 'thesis.md')
  writeFileSync(path, '# years of work')
  expect(codeOf(() => preparePage(path))).toBe('file-not-a-page')
  expect(readFileSync(path, 'utf8')).toBe('# years of work')
})

it('a link is followed, not replaced', () => {
  const [path, link] = [join(dir, 'page.html'), join(dir, 'link.html')]
  writeFileSync(path, page)
  symlinkSync(path, link)
  preparePage(link).write(`${page}again`)
  expect(readFileSync(path, 'utf8')).toBe(`${page}again`)
})

it.each([
  ['a directory', () => dir, 'file-not-a-page'],
  ['a device', () => '/dev/null', 'file-not-a-page'],
  ['a name in a directory that is not there', () => join(dir, 'absent', 'a.html'), 'file-not-writable'],
  ['a name below a file', () => join(dir, 'file', 'a.html'), 'file-not-writable'],
  ['a place that takes no files', () => '/proc/a.html', 'file-not-writable'],
  ['standard output', () => '-', 'usage'],
  ['nothing', () => '', 'usage'],
])('%s is refused before any work is done', (_, path, code) => {
  writeFileSync(join(dir, 'file'), page)
  expect(codeOf(() => preparePage(path()))).toBe(code)
})

it('a link that leads nowhere is left alone', () => {
  symlinkSync(join(dir, 'gone.html'), join(dir, 'page.html'))
  expect(codeOf(() => preparePage(join(dir, 'page.html')))).toBe('file-not-a-page')
  expect(readdirSync(dir)).toEqual(['page.html'])
})

it('what cannot be finished leaves nothing behind', () => {
  const path = join(dir, 'matrix.html')
  const file = preparePage(path)
  mkdirSync(path)
  expect(codeOf(() => file.write(page))).toBe('file-not-writable')
  expect(readdirSync(dir)).toEqual(['matrix.html'])
})
