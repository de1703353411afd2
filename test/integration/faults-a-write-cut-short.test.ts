import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Database, openDatabase } from '../../services/control/state/database.ts'
import { createLedger } from '../../services/control/state/ledger.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'hop-cut-'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

const file = (directory: string) => join(directory, 'control.sqlite')
const log = (directory: string) => `${file(directory)}-wal`

/** A log's header, and each frame's (sqlite.org/fileformat2.html, 4.1 and 4.2), bytes. */
const headerBytes = 32
const frameBytes = 24 + 4096

/** What a power cut leaves of a state in use: the files as they are at this moment. */
const snapshotOf = (directory: string, name: string): string => {
  const copy = join(home, name)
  mkdirSync(copy, { mode: 0o700 })
  for (const path of [file, log]) {
    copyFileSync(path(directory), path(copy))
  }
  return copy
}

/** One commit that changes several pages. */
const write = (db: Database, number: number): void =>
  db.transaction(() => {
    db.run("INSERT OR REPLACE INTO settings (name, value) VALUES ('crl_number', ?)", String(number))
    for (const part of [1, 2, 3])
      db.run(
        'INSERT INTO audit (at, who, action, target, result, detail) VALUES (?, ?, ?, ?, ?, ?)',
        ...[number, 'operator', 'test', String(part), 'ok', 'x'.repeat(3000)],
      )
  })

const numberIn = (directory: string): number | string => {
  try {
    const db = openDatabase(directory)
    try {
      const intact = db.get<{ integrity_check: string }>('PRAGMA integrity_check')?.integrity_check
      const rows = db.get<{ n: number }>('SELECT count(*) AS n FROM audit')!.n
      const number = createLedger(db).nextCrlNumber() - 1
      return intact === 'ok' && rows === number * 3 ? number : `damaged: ${intact}, ${rows} rows of ${number}`
    } finally {
      db.close()
    }
  } catch (error) {
    return (error as { code: string }).code
  }
}

describe('power fails in the middle of a commit', () => {
  const cuts: Record<string, (path: string, before: number, after: number) => void> = {
    'before its first byte': (path, before) => truncateSync(path, before),
    "in its first frame's header": (path, before) => truncateSync(path, before + 10),
    'in the middle of its first page': (path, before) => truncateSync(path, before + 2000),
    'between two frames': (path, before) => truncateSync(path, before + frameBytes),
    'in the middle of its last page': (path, _, after) => truncateSync(path, after - 2048),
    'one byte before its end': (path, _, after) => truncateSync(path, after - 1),
    'and its last page was never written, only its length': (path, _, after) => patch(path, after - 4096, 4096, 0),
    'and the second half of its last page was never written': (path, _, after) => patch(path, after - 2048, 2048, 0),
    'and its first page holds what was there before': (path, before) => patch(path, before + 24, 4096, 0x5a),
    'and a sector in the middle was never written': (path, before) => patch(path, before + frameBytes + 512, 512, 0xa5),
    'and one bit of its last frame is wrong': (path, _, after) => flip(path, after - 100),
  }
  it.each(Object.entries(cuts))('%s: all acknowledged before it is there, and nothing of it', (_, cut) => {
    const state = join(home, 'state')
    const db = openDatabase(state)
    for (const number of [1, 2, 3]) write(db, number)
    const before = statSync(log(state)).size
    write(db, 4)
    const after = statSync(log(state)).size
    expect(after - before).toBeGreaterThan(2 * frameBytes)
    expect((before - headerBytes) % frameBytes).toBe(0)
    const left = snapshotOf(state, 'left')
    const whole = snapshotOf(state, 'whole')
    db.close()
    cut(log(left), before, after)
    expect(numberIn(left)).toBe(3)
    expect(numberIn(whole)).toBe(4)
  })

  it('at every length the log can have: a whole number of commits, never a part of one', () => {
    const state = join(home, 'state')
    const db = openDatabase(state)
    const ends = [1, 2, 3, 4].map(number => {
      write(db, number)
      return statSync(log(state)).size
    })
    const whole = snapshotOf(state, 'whole')
    db.close()
    const first = ends[0]!
    for (let length = first; length <= ends.at(-1)!; length += 1021) {
      const left = join(home, `left-${length}`)
      mkdirSync(left, { mode: 0o700 })
      for (const path of [file, log]) copyFileSync(path(whole), path(left))
      truncateSync(log(left), length)
      expect(numberIn(left), `${length} bytes`).toBe(ends.filter(end => end <= length).length)
    }
  })
})

describe('a state that was damaged since', () => {
  const damaged = (damage: (directory: string) => void): number | string => {
    const state = join(home, 'state')
    const db = openDatabase(state)
    for (let number = 1; number <= 30; number++) write(db, number)
    db.close()
    damage(state)
    return numberIn(state)
  }
  const pages = (state: string) => statSync(file(state)).size / 4096

  it('is told from an intact one', () => {
    expect(damaged(() => {})).toBe(30)
  })

  it('is refused in words when a page is torn whose loss SQLite can tell, and never by a stack trace', () => {
    const state = join(home, 'state')
    const db = openDatabase(state)
    for (let number = 1; number <= 30; number++) write(db, number)
    db.close()
    const whole = readFileSync(file(state))
    for (let page = 1; page < pages(state); page++) {
      writeFileSync(file(state), whole)
      patch(file(state), page * 4096, 2048, 0)
      const found = numberIn(state)
      expect([30, 'state-unreadable'], `page ${page + 1}`).toContain(found)
    }
  })

  it('is refused in words when its end is missing', () => {
    expect(damaged(state => truncateSync(file(state), (pages(state) - 3) * 4096))).toBe('state-unreadable')
  })

  it('is refused in words when its first page is gone', () => {
    expect(damaged(state => patch(file(state), 0, 4096, 0x20))).toBe('state-unreadable')
  })
})

const patch = (path: string, at: number, bytes: number, value: number): void => {
  const whole = readFileSync(path)
  whole.fill(value, at, at + bytes)
  writeFileSync(path, whole)
}

const flip = (path: string, at: number): void => {
  const whole = readFileSync(path)
  whole[at]! ^= 1
  writeFileSync(path, whole)
}
