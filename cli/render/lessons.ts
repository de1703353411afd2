import type { Lesson } from '../../labs/lesson.ts'
import type { Kept } from '../../labs/progress-file.ts'
import { opening } from '../lessons/page.ts'
import type { Screen } from '../screen.ts'
import { table } from './table.ts'

type Look = Pick<Screen, 'paint' | 'columns'>

/** The lessons, first to last, with how far one is. */
export const renderLessons = (
  all: readonly { lesson: Lesson; kept: Kept | undefined }[],
  { paint, columns }: Look,
): string => {
  const rows = all.map(({ lesson, kept }) => [
    String(lesson.number),
    lesson.title,
    `${lesson.minutes} min`,
    kept === undefined ? paint.dim('–') : farOf(lesson, kept, paint),
    lesson.question,
  ])
  const columnsOf = [
    { title: '#', right: true },
    { title: 'lesson' },
    { title: 'about' },
    { title: 'done' },
    { title: 'question', wrap: true },
  ]
  const begun = all.find(({ kept }) => kept && kept.finishedAt === undefined)
  const next = begun ?? all.find(({ kept }) => kept?.finishedAt === undefined)
  return [
    table(columnsOf, rows, { width: columns, dim: paint.dim }),
    next
      ? `\nhop lab ${next.lesson.number} goes on with ${paint.strong(next.lesson.title)}.`
      : '\nAll of them are done.',
  ].join('\n')
}

const farOf = ({ steps }: Lesson, { step, finishedAt, finishedBefore }: Kept, paint: Look['paint']): string => {
  if (finishedAt !== undefined) return paint.good('✓')
  const far = paint.warn(`${step - 1}/${steps.length}`)
  return finishedBefore === undefined ? far : `${paint.good('✓')} ${far}`
}

/** A lesson to whoever has no terminal to be asked at. */
export const renderLesson = (lesson: Lesson, look: Look): string => opening(lesson, look)
