import type { InsiderWords } from '../commands/insider.ts'
import type { LabWords } from '../commands/lab.ts'
import type { Define } from './define.ts'

/** Lessons, step by step, and the part of the attacker in them. */
export const learningCommands = (command: Define): void => {
  command<LabWords>(
    'lab [lesson] [number]',
    'lists the lessons; with a number guides through one; reset NUMBER sets one back',
    async (context, words, ...names) => (await import('../commands/lab.ts')).lab(context, words, ...names),
  )
    .option('--step <number>', 'begin at this step; the ones before it are played first')
    .option('--predict <letter>', 'your prediction, so that it is not asked')
    .option('--yes', 'run what is to be run without asking; tasks are waited for')
    .option('--auto', 'play the whole lesson, the solutions of its tasks too')
    .option('--seed <number>', 'draw the same faults again, where a lesson draws some')
    .addHelpText(
      'after',
      `
A step is done when what it is about was recorded by the lab, whoever did it and wherever. At the
prompt Enter runs what is offered, a line that begins with hop is run, ? says what is still missing,
h gives a hint (three, then the solution), q or Ctrl-C leaves; the lesson goes on from there next
time. Progress is kept in the state directory. If no lab runs there, one is started.
Example: hop lab 4; hop lab 4 --step 2; hop lab reset 4; hop lab 4 --auto --json`,
    )
  command<InsiderWords>(
    'insider <link> [method] [path]',
    "a call from inside the network by somebody who may not make it (default: the link's own request)",
    async (context, words, link = '', ...asked) =>
      (await import('../commands/insider.ts')).insider(context, link, asked, words),
  )
    .option('--certificate <whose>', 'none (default), self-signed, foreign, or a workload: its real one, stolen')
    .option('--says <workload>', 'whom the caller header names')
    .option('--body <json>', 'JSON, or @file')
    .addHelpText(
      'after',
      `
He calls past the taps, over the transport the link has now, and checks nobody. What came of it is
told by the callee's own records. A stolen certificate is revoked afterwards. Exit code 1 when he
was not served.
Example: hop insider orders:payments POST /refunds --certificate inventory`,
    )
}
