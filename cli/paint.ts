import { styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]

/** Colours text, or leaves it alone. What a colour says, the words say too. */
export type Paint = Record<'good' | 'bad' | 'warn' | 'dim' | 'strong', (text: string) => string>

export const createPaint = (colour: boolean): Paint => {
  const style = (format: Style) => (text: string) =>
    colour && text !== '' ? styleText(format, text, { validateStream: false }) : text
  return { good: style('green'), bad: style('red'), warn: style('yellow'), dim: style('dim'), strong: style('bold') }
}

type Stream = { isTTY?: boolean; hasColors?: (count?: number) => boolean }

/** Colour on a terminal only; NO_COLOR (no-color.org) says never, FORCE_COLOR always, 0 and false meaning never. */
export const wantsColour = (stream: Stream, env: NodeJS.ProcessEnv): boolean => {
  if (env.NO_COLOR) return false
  if (env.FORCE_COLOR !== undefined) return !['0', 'false'].includes(env.FORCE_COLOR)
  return stream.isTTY === true && env.TERM !== 'dumb'
}
