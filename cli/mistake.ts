import type { Command, CommanderError } from 'commander'
import { HopError, type HopErrorDetails } from '../pki/error.ts'
import { likely } from '../services/nearest.ts'

/**
 * A mistake on the command line as the parser found it, with its field, what would have done, what was there, and what to
 * do. Undefined where it only showed what was asked for.
 */
export const mistakeOf = (error: CommanderError, program: Command, words: readonly string[]): HopError | undefined => {
  if (error.exitCode === 0) return undefined
  const command = program.commands.find(each => words.includes(each.name()))
  const help = `hop ${command === undefined ? '' : `${command.name()} `}--help shows what there is`
  if (error.code === 'commander.help')
    return new HopError('usage', { field: 'command', expected: 'one', found: 'none', remedy: help })
  const told = tellers[error.code]?.(error.message.replace(/^error: /, ''), command ?? program)
  const { remedy, ...what } = told ?? { message: error.message.replace(/^error: |\.$/g, '') }
  return new HopError('usage', { ...what, remedy: remedy === undefined ? help : `${remedy} ${help}` })
}

type Teller = (message: string, command: Command) => HopErrorDetails

/** What the parser's own codes are about. */
const tellers: Record<string, Teller> = {
  'commander.missingArgument': message => ({ field: quoted(message), expected: 'to be given', found: 'nothing' }),
  'commander.optionMissingArgument': message => ({ ...option(message), found: 'nothing after it' }),
  'commander.missingMandatoryOptionValue': message => ({ ...option(message), found: 'nothing' }),
  'commander.excessArguments': (message, command) => {
    const [, expected = 'none', found = 'more'] = /Expected (\d+ arguments?) but got (.*?)\.?$/s.exec(message) ?? []
    const more = expected.startsWith('0') ? 'nothing more' : `${expected} at most`
    return { field: `hop ${command.name()}`, expected: more, found: JSON.stringify(found.slice(0, 100)) }
  },
  'commander.unknownOption': (message, command) => {
    const names = command.options.flatMap(({ long, hidden }) => (long && !hidden ? [long] : []))
    const found = quoted(message)
    const meant = likely(found, names)
    return {
      field: 'option',
      expected: `one of ${names.join(', ')}`,
      found: found.slice(0, 100),
      ...(meant === undefined ? {} : { remedy: `Did you mean ${meant}?` }),
    }
  },
}

const quoted = (message: string): string => /'(.*)'/s.exec(message)?.[1] ?? message

const option = (message: string) => {
  const flags = quoted(message)
  return { field: /--[a-z-]+/.exec(flags)?.[0] ?? flags, expected: flags }
}
