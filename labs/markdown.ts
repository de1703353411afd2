import { HopError } from '../pki/error.ts'
import type { Transcript } from './lesson.ts'

/** Lines of a file with their numbers, from 1. */
export type Line = { text: string; at: number }

/** A `## heading` and what stands under it. */
export type Section = { title: string; at: number; body: Line[] }

/** A paragraph, or a fenced block with its language. */
export type Block = { at: number; text: string; fence?: string }

/** What is wrong with a lesson, and where. */
export const lessonInvalid = (file: string, at: number, expected: string, found: string) =>
  new HopError('lesson-invalid', {
    field: `labs/${file}, line ${at}`,
    expected,
    found,
    remedy: 'labs/parse.ts says how a lesson is written',
  })

/** The text before the first `## heading`, and each heading with its own. */
export const sectionsOf = (text: string): { head: Line[]; sections: Section[] } => {
  const head: Line[] = []
  const sections: Section[] = []
  let fenced = false
  for (const [index, line] of text.split('\n').entries()) {
    const at = index + 1
    if (line.startsWith('```')) fenced = !fenced
    const title = fenced ? undefined : /^## (.+)$/.exec(line)?.[1]
    if (title !== undefined) sections.push({ title, at, body: [] })
    else (sections.at(-1)?.body ?? head).push({ text: line, at })
  }
  return { head, sections }
}

/** Paragraphs are joined into one line each, items of a list stay lines of their own. */
export const blocksOf = (lines: readonly Line[], file: string): Block[] => {
  const blocks: Block[] = []
  let fence: Block | undefined
  let open: Block | undefined
  for (const { text, at } of lines) {
    const mark = /^```(\w*)$/.exec(text)
    if (fence) {
      if (mark) fence = undefined
      else fence.text += `${text}\n`
    } else if (mark) {
      fence = { at, text: '', fence: mark[1] ?? '' }
      blocks.push(fence)
      open = undefined
    } else if (text.trim() === '') open = undefined
    else if (open && !/^(- |Hint \d: |Solution:$|Done when )/.test(text)) open.text += ` ${text.trim()}`
    else {
      open = { at, text: text.trim() }
      blocks.push(open)
    }
  }
  if (fence) throw lessonInvalid(file, fence.at, 'a block that is closed', 'its beginning')
  return blocks
}

/** `$ command` lines with the output that follows each. */
export const transcriptsIn = (block: string): Transcript[] =>
  block
    .split(/^\$ /m)
    .slice(1)
    .map(part => {
      const [command = '', ...output] = part.split('\n')
      return { command, output: output.join('\n') }
    })
