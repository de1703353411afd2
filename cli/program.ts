import { Command, Option } from 'commander'
import { version } from '../lab/version.ts'
import type { Context } from './command.ts'
import { stateDirOf, type UpWords } from './options.ts'
import { createScreen } from './screen.ts'

type Common = { json?: boolean; state?: string }

/** Runs a command; what it returns is the exit code. Modules are loaded by the command that needs them. */
type Action<Words> = (context: Context, words: Words, ...names: (string | undefined)[]) => Promise<number>

const intro = `Hop by Hop: where does TLS start and end? A small real system, run in five modes, observed hop by hop.`

const epilogue = `
Examples:
  hop up --detach && hop map        a lab in the background; one request, hop by hop
  hop mode mtls                     another mode, live
  hop run eavesdrop --mode all      one experiment in every mode, with its evidence
  hop --state /tmp/b up --detach    a second lab beside the first
  hop matrix --json | jq .unexpected

Every command takes --json (one JSON document; start and mode: one object a line) and --state DIR
(default: $HOP_STATE, else .hop in the current directory). Errors are {"error": …} then.
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

  const command = <Words extends object>(usage: string, description: string, action: Action<Words & Common>) => {
    return program
      .command(usage)
      .description(description)
      .helpOption('-h, --help', 'this help')
      .action(async (...given: unknown[]) => {
        const words = (given.at(-1) as Command).optsWithGlobals() as Words & Common
        const context = { stateDir: stateDirOf(words.state, process.env), screen: createScreen(words.json === true) }
        done(await action(context, words, ...(given.slice(0, -2) as (string | undefined)[])))
      })
  }

  const lab = (made: Command) =>
    made
      .option('--topology <file>', 'a topology of your own (default: the shop)')
      .option('--operator-port <port>', 'where the operator API listens (default: any free port)')
      .option('--edge-port <port>', 'where the edge listens (default: any free port)')
      .option('--verbose', "the lab's log on standard error too; it is in lab.log anyway")

  program.commandsGroup('The lab:')
  lab(
    command<UpWords>(
      'start',
      'a lab, the whole matrix live, printed; on a terminal the lab then stays',
      async (context, words) => (await import('./commands/start.ts')).start(context, words),
    ),
  )
  lab(
    command<UpWords>('up', 'a lab that stays until Ctrl-C or hop down', async (context, words) =>
      (await import('./commands/up.ts')).up(context, words),
    ).option(
      '--mode <mode>',
      'the mode to be in (default: what the state remembers, at first edge-terminate-plaintext)',
    ),
  )
    .option('--no-wire', 'no taps: callers dial callees directly, nothing on the wire can be shown')
    .option('--detach', 'in a process of its own; returns when it is ready')
    .addOption(new Option('--announce').hideHelp())
  command('state', 'what the lab is told to be, and who did as told', async context =>
    (await import('./commands/look.ts')).state(context),
  )
  command<{ ifRunning?: boolean }>('down', 'end the lab', async (context, words) =>
    (await import('./commands/down.ts')).down(context, words),
  ).option('--if-running', 'no failure when there is none')

  program.commandsGroup('Modes:')
  command<{ stopAt?: string }>(
    'mode [mode]',
    'which mode it is, or go to another one live',
    async (context, words, name) => (await import('./commands/mode.ts')).mode(context, name, words),
  ).option('--stop-at <step>', 'hold after this step: widen (both ways are open) or move')
  command('rollback', 'back to where the rollout under way came from', async context =>
    (await import('./commands/mode.ts')).rollback(context),
  )

  program.commandsGroup('Looking:')
  command('map', 'each hop as observed: transport, version, cipher, key exchange, both identities', async context =>
    (await import('./commands/observe.ts')).map(context),
  )
  command<{ header?: string[]; body?: string }>(
    'request [method] [path]',
    "one request (default: the topology's probe), followed hop by hop",
    async (context, words, method, path) =>
      (await import('./commands/observe.ts')).request(context, method, path, words),
  )
    .option('--header <header>', "such as 'x-forwarded-for: 192.0.2.1'; again for more", append)
    .option('--body <json>', 'JSON, or @file')
    .addHelpText('after', `\nExample: hop request GET /orders/1 --header 'x-user: mallory'`)
  command<{ output?: string; withKeys?: boolean; request?: boolean }>(
    'capture <link>',
    'one request on a link, as a capture file for Wireshark',
    async (context, words, link = '') => (await import('./commands/capture.ts')).capture(context, link, words),
  )
    .option('-o, --output <file>', 'where to, - for standard output (default: named after the link)')
    .option('--with-keys', 'put the session secrets in, so that the capture can be opened')
    .option('--no-request', 'no new request: what is recorded already')
    .addHelpText('after', `\nExample: hop capture orders:payments -o payments.pcapng`)
  command<{ since?: string }>('audit', 'who did what to the lab', async (context, words) =>
    (await import('./commands/look.ts')).audit(context, words),
  ).option('--since <number>', 'only entries after this one')

  program.commandsGroup('Experiments:')
  command('scenarios', 'the catalogue', async context => (await import('./commands/run.ts')).scenarios(context))
  command<{ mode?: string }>(
    'run <scenario>',
    'one experiment, or all of them, with why',
    async (context, words, id = '') => (await import('./commands/run.ts')).run(context, id, words),
  )
    .option('--mode <mode>', 'in this mode, in several (a,b) or in all (default: the present one)')
    .addHelpText('after', `\nExample: hop run eavesdrop --mode re-encrypt,mtls`)
  command<{ mode?: string }>('matrix', 'guarantees by modes, each put to the test', async (context, words) =>
    (await import('./commands/run.ts')).matrix(context, words),
  ).option('--mode <mode>', 'only this mode, or several (a,b)')

  // Last, so that a command's own options come first in its help.
  for (const each of program.commands)
    each.option('--state <dir>', 'which lab (default: $HOP_STATE, else .hop here)').option('--json', 'for programs')
  return program
}

const append = (word: string, words: string[] = []): string[] => [...words, word]
