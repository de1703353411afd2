import { Command, Option } from 'commander'
import { version } from '../lab/version.ts'
import { HopError } from '../pki/error.ts'
import { certificateCommands } from './groups/certificates.ts'
import type { Action, Common, Define } from './groups/define.ts'
import { elsewhereCommands } from './groups/elsewhere.ts'
import { experimentCommands } from './groups/experiments.ts'
import { labCommands } from './groups/lab.ts'
import { learningCommands } from './groups/learning.ts'
import { lookingCommands } from './groups/looking.ts'
import { modeCommands } from './groups/modes.ts'
import { stateDirOf } from './options.ts'
import { createScreen } from './screen.ts'

const intro = `Hop by Hop: where does TLS start and end? A small real system, run in five modes, observed hop by hop.`

const epilogue = `
Examples:
  hop up --detach && hop map        a lab in the background; one request, hop by hop
  hop mode mtls                     another mode, live
  hop run eavesdrop --mode all      one experiment in every mode, with its evidence
  hop explain eavesdrop             the same in a paragraph of prose
  hop matrix --html matrix.html     everything, and a page with the evidence behind each cell
  hop matrix --json | jq .unexpected
  hop --state /tmp/b up --detach    a second lab beside the first

Every command takes --json (one JSON document; start and mode: one object a line) and --state DIR
(default: $HOP_STATE, else .hop in the current directory). Errors are {"error": …} then.
One command at a time experiments with a lab or switches it; a second one is told so.
Colour on a terminal only; NO_COLOR and FORCE_COLOR are heeded. HOP_DEBUG=1 adds stacks to errors.

Exit codes: 0 ok · 1 not as expected, or the lab refused · 2 usage or bad input
            3 no lab running here, or not reachable · 130 interrupted`

/** The whole command line. `done` is told each command's exit code. */
export const createProgram = (done: (code: number) => void): Command => {
  const program = new Command('hop')
  program
    .description(intro)
    .version(version, '-V, --version', 'print the version')
    .addOption(new Option('--state <dir>', 'where the lab keeps its state').hideHelp())
    .addOption(new Option('--json', 'speak JSON').hideHelp())
    .helpOption('-h, --help', 'this help; hop COMMAND --help for one command')
    .helpCommand(false)
    .addHelpText('after', epilogue)
    .showSuggestionAfterError(false)
    .usage('COMMAND [options]')
    .configureHelp({
      helpWidth: 100,
      subcommandTerm: made => `${made.name()} ${made.usage().replace(/^\[options\] ?/, '')}`,
    })
    .configureOutput({ outputError: () => {} })
    .exitOverride()

  const command: Define = <Words extends object>(usage: string, description: string, action: Action<Words & Common>) =>
    program
      .command(usage)
      .description(description)
      .helpOption('-h, --help', 'this help')
      .action(async (...given: unknown[]) => {
        const words = (given.at(-1) as Command).optsWithGlobals() as Words & Common
        const context = { stateDir: stateDirOf(words.state, process.env), screen: createScreen(words.json === true) }
        done(await action(context, words, ...(given.slice(0, -2).flat() as (string | undefined)[])))
      })

  program.commandsGroup('The lab:')
  labCommands(command)
  program.commandsGroup('Modes:')
  modeCommands(command)
  program.commandsGroup('Certificates:')
  certificateCommands(command)
  program.commandsGroup('Looking:')
  lookingCommands(command)
  program.commandsGroup('Experiments:')
  experimentCommands(command)
  program.commandsGroup('Learning:')
  learningCommands(command)
  program.commandsGroup('Elsewhere:')
  elsewhereCommands(command)

  // Last, so that a command's own options come first in its help.
  for (const each of program.commands) {
    for (const option of each.options) if (option.required && !option.parseArg) option.argParser(once(option.long))
    each.option('--state <dir>', 'which lab (default: $HOP_STATE, else .hop here)').option('--json', 'for programs')
  }
  return program
}

/** What is said twice is a mistake: the second word would win without telling. */
const once = (option = '') => {
  let before: string | undefined
  return (word: string): string => {
    if (before !== undefined)
      throw new HopError('usage', {
        field: option,
        expected: 'to be given once',
        found: [before, word].map(each => JSON.stringify(each.slice(0, 100))).join(' and '),
      })
    before = word
    return word
  }
}
