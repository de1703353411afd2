import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { HopError } from '../pki/error.ts'
import { likely } from '../services/nearest.ts'
import type { Lesson } from './lesson.ts'
import { parseLesson } from './parse.ts'

const here = fileURLToPath(new URL('.', import.meta.url))

/** The files of the lessons, first to last. */
export const lessonFiles = (): string[] =>
  readdirSync(here)
    .filter(name => /^\d\d-.*\.md$/.test(name))
    .sort()

export const readLesson = (file: string): Lesson => parseLesson(file, readFileSync(`${here}${file}`, 'utf8'))

/** All lessons, first to last. Throws `lesson-invalid`. */
export const lessons = (): Lesson[] => lessonFiles().map(readLesson)

/** By number or by slug. Throws `lesson-unknown`. */
export const findLesson = (word: string): Lesson => {
  const all = lessons()
  const found = all.find(({ number, slug }) => slug === word || (/^\d{1,2}$/.test(word) && number === Number(word)))
  if (found) return found
  const meant = likely(
    word,
    all.map(({ slug }) => slug),
  )
  throw new HopError('lesson-unknown', {
    field: 'lesson',
    expected: `a number from 1 to ${all.length}, or a name`,
    found: JSON.stringify(word.slice(0, 100)),
    remedy: meant === undefined ? 'hop lab lists them' : `Did you mean ${meant}?`,
  })
}
