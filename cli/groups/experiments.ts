import type { ExplainWords } from '../commands/explain.ts'
import type { GateWords } from '../commands/gate.ts'
import type { MatrixWords } from '../commands/matrix.ts'
import { append, type Define } from './define.ts'

/** Putting guarantees to the test, and telling what came of it. */
export const experimentCommands = (command: Define): void => {
  command('scenarios', 'the catalogue', async context => (await import('../commands/scenarios.ts')).scenarios(context))
  command('claims', 'what the lab is there to show, by which scenarios, with the last verdicts', async context =>
    (await import('../commands/claims.ts')).claims(context),
  )
  command<{ mode?: string }>(
    'run <scenario>',
    'one experiment, or all of them, with why',
    async (context, words, id = '') => (await import('../commands/run.ts')).run(context, id, words),
  )
    .option('--mode <mode>', 'in this mode, in several (a,b) or in all (default: the present one)')
    .addHelpText('after', `\nExample: hop run eavesdrop --mode re-encrypt,mtls`)
  command<ExplainWords>(
    'explain <what>',
    'an experiment: what was tried and why it came out so; or a request by its id: its whole story',
    async (context, words, id = '') => (await import('../commands/explain.ts')).explain(context, id, words),
  )
    .option('--mode <mode>', 'in this mode, in several (a,b) or in all (default: the present one)')
    .option('--fresh', 'run it again, even where there is a verdict already')
    .addHelpText(
      'after',
      `
By a request's id (hop request prints it, every answer has it in x-request-id) or its trace id: each
hop's transport, cipher and connection, both identities, the policy's decision, and where the time
went: until TCP stood (connect), handshake (TLS), first byte of the answer (wait), last byte (body).
If it failed, on which hop, why, what to do, and what both ends wrote down. Each workload remembers
its last 2000 requests.
Example: hop explain eavesdrop --mode hybrid
Example: hop explain 8a2aa37fe9ba8755e5a65b49`,
    )
  command<GateWords>(
    'gate',
    'plaintext as the workloads saw it; fails on what nobody declared',
    async (context, words) => (await import('../commands/gate.ts')).gate(context, words),
  )
    .option('--strict', 'fail on declared plaintext over a zone border too, and on what a callee turned away')
    .option('--allow <link>', 'let this link be, as the gate names it; again for more', append)
    .option(
      '--since <time>',
      'such as 30s, 10m or 2h ago; all is all that is remembered (default: since this mode was reached)',
    )
    .option('--no-probe', 'no request of its own first')
    .addHelpText(
      'after',
      `
A link is refused when plaintext crosses a zone border on it without being declared by the topology
in the present mode; an end that is no workload has no zone, so any border counts as crossed. What
an experiment's attackers did in plaintext counts like anybody's. For CI: exit code 1, also when the
gate's own request is not served, for then there is little to see.
Example: hop gate --strict --allow edge:gateway`,
    )
  command<MatrixWords>('matrix', 'guarantees by modes, each put to the test', async (context, words) =>
    (await import('../commands/matrix.ts')).matrix(context, words),
  )
    .option('--mode <mode>', 'only this mode, or several (a,b)')
    .option('--links', 'every link, not only how many of them hold')
    .option('--html <file>', 'also a page with the evidence behind each cell')
    .option('--kept', 'no new run: the last verdicts, as they were kept')
    .addHelpText('after', `\nExample: hop matrix --html matrix.html`)
}
