import { chmodSync, cpSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { connectAll, type FakeWorkload, operatorOf, startControl, temporaryDirectory } from './control-support.ts'

let directory: ReturnType<typeof temporaryDirectory>
let control: Awaited<ReturnType<typeof startControl>>
let shop: Record<string, FakeWorkload>

beforeEach(async () => {
  directory = temporaryDirectory()
  control = await startControl(directory.path)
  shop = await connectAll(control)
})
afterEach(async () => {
  for (const workload of Object.values(shop)) workload.close()
  await control.close()
  directory.remove()
})

/** The secret parts of the CAs' keys, each in two pieces: a page of the file may end in the middle of one. */
const secretsOf = (stateDir: string): string[][] => {
  const copy = copyOf(stateDir)
  const file = new DatabaseSync(join(copy.path, 'control.sqlite'))
  const { state } = file.prepare('SELECT state FROM authority').get() as { state: string }
  file.close()
  copy.remove()
  return [...new Set(state.match(/(?<=BEGIN PRIVATE KEY-----\\n).+?(?=\\n-----END)/g))].map(key => {
    const [first = '', second = ''] = key.split('\\n')
    return [first.slice(48), second.slice(0, 26)]
  })
}

const copyOf = (stateDir: string) => {
  const copy = temporaryDirectory()
  cpSync(stateDir, copy.path, { recursive: true })
  chmodSync(copy.path, 0o700)
  return copy
}

/** How many of them some file of the directory still has, wherever in the file. */
const leftOf = (secrets: string[][], stateDir: string): number => {
  const texts = readdirSync(stateDir).map(file => readFileSync(join(stateDir, file), 'latin1'))
  return secrets.filter(pieces => pieces.some(piece => texts.some(text => text.includes(piece)))).length
}

const ask = (path: string, body: object) =>
  operatorOf(control.operatorAddress(), control.operatorToken)('POST', path, body)

it('neither the state file nor its log has a CA’s private key any more once it is out of use', async () => {
  const old = secretsOf(directory.path)
  expect(old.flat().map(piece => piece.length)).toEqual([16, 26, 16, 26, 16, 26])
  expect((await ask('/api/rotation', { what: 'root', stopAt: 'reissue' })).lines.at(-1)).toMatchObject({ done: true })
  expect(leftOf(old, directory.path)).toBe(3)
  expect((await ask('/api/rotation', { what: 'root' })).lines.at(-1)).toEqual({ done: true, what: 'root' })
  expect(leftOf(old, directory.path)).toBe(0)
  expect(leftOf(secretsOf(directory.path), directory.path)).toBe(3)
})

it('nor has a state whose control plane was killed before its log was cut, once it was started again', async () => {
  const old = secretsOf(directory.path)
  await ask('/api/rotation', { what: 'root', stopAt: 'reissue' })
  const killed = copyOf(directory.path)
  // the commit that gives them up, and nothing after it
  const file = new DatabaseSync(join(killed.path, 'control.sqlite'))
  file.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA secure_delete = ON; PRAGMA wal_autocheckpoint = 0')
  const { state } = file.prepare('SELECT state FROM authority').get() as { state: string }
  const { generations, ...rest } = JSON.parse(state)
  const text = JSON.stringify({ ...rest, generations: generations.slice(1) })
  file.prepare('UPDATE authority SET state = ?').run(text)
  file.exec("DELETE FROM settings WHERE name = 'rotation'")
  const after = copyOf(killed.path)
  file.close()
  killed.remove()
  expect(leftOf(old, after.path)).toBe(3)
  const again = await startControl(after.path)
  expect(leftOf(old, after.path)).toBe(0)
  await again.close()
  after.remove()
})
