import { createPaint, type Paint, wantsColour } from './paint.ts'

/** Where a command speaks: to people, or to programs as JSON. */
export type Screen = {
  json: boolean
  paint: Paint
  /** Width to fit tables into. */
  columns: number
  /** Somebody sits in front of it: both ends are a terminal. */
  live: boolean
  /** A line for people on standard output. */
  say(text: string): void
  /** A line for people on standard error: progress that does not belong to the answer. */
  aside(text: string): void
  /** A line for programs while the command goes on (NDJSON). */
  event(value: object): void
  /** The answer, one JSON document or a text. */
  answer(value: object, text: () => string): void
}

/** Tables are made for this width where the terminal does not say. */
const defaultColumns = 100

/** The terminal, or whatever stands in for it. */
export const createScreen = (json: boolean, { stdin, stdout, stderr, env }: NodeJS.Process = process): Screen => {
  const line = (text: string) => void stdout.write(`${text}\n`)
  return {
    json,
    paint: createPaint(!json && wantsColour(stdout, env)),
    columns: Math.max(60, Math.min(stdout.columns || defaultColumns, 140)),
    live: stdin.isTTY === true && stdout.isTTY === true,
    say: text => {
      if (!json) line(text)
    },
    aside: text => {
      if (!json) stderr.write(`${text}\n`)
    },
    event: value => {
      if (json) line(JSON.stringify(value))
    },
    answer: (value, text) => line(json ? JSON.stringify(value) : text()),
  }
}
