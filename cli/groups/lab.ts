import { type Command, Option } from 'commander'
import type { UpWords } from '../options.ts'
import type { Define } from './define.ts'

/** Starting, ending and looking after a lab. */
export const labCommands = (command: Define): void => {
  startable(
    command<UpWords>(
      'start',
      'a lab, the whole matrix live, printed; on a terminal the lab then stays',
      async (context, words) => (await import('../commands/start.ts')).start(context, words),
    ),
  )
  startable(
    command<UpWords>('up', 'a lab that stays until Ctrl-C or hop down', async (context, words) =>
      (await import('../commands/up.ts')).up(context, words),
    ).option(
      '--mode <mode>',
      'the mode to be in (default: what the state remembers; at first what fits --topology, else edge-terminate-plaintext)',
    ),
  )
    .option('--no-wire', 'no taps: callers dial callees directly, nothing on the wire can be shown')
    .option('--detach', 'in a process of its own; returns when it is ready')
    .addOption(new Option('--announce').hideHelp())
    .addHelpText('after', `\nExample: hop up --detach --mode mtls --lifetime 10s && hop certificates`)
  command('state', 'what the lab is told to be, and who did as told', async context =>
    (await import('../commands/look.ts')).state(context),
  )
  command(
    'switch [name] [value]',
    'what is set beside the mode; a value sets it, default sets it back',
    async (context, _, ...words) => (await import('../commands/switch.ts')).switches(context, words[0], words[1]),
  ).addHelpText(
    'after',
    `
Switches are l7, policy, proxyProtocol, logPipelines, renewal, revocation, trustWithheld, tls and
clocks. Values are JSON; policy takes allow-all, deny-by-name:NAME,NAME or least-privilege,
proxyProtocol edge, anyone or off.
Example: hop switch policy allow-all && hop run broad-policy; hop switch policy default`,
  )
  command<{ ifRunning?: boolean }>('down', 'end the lab', async (context, words) =>
    (await import('../commands/down.ts')).down(context, words),
  ).option('--if-running', 'no failure when there is none')
}

const startable = (made: Command): Command =>
  made
    .option('--topology <file>', 'a topology of your own (default: the shop)')
    .option('--operator-port <port>', 'where the operator API listens (default: any free port)')
    .option('--edge-port <port>', 'where the edge listens (default: any free port)')
    .option('--lifetime <time>', 'how long certificates live, from 5s to 24h (default: 1h)')
    .option('--verbose', "the lab's log on standard error too; it is in lab.log anyway")
