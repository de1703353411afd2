import type { PlanWords } from '../commands/plan.ts'
import type { RolloutWords } from '../commands/rollout.ts'
import { append, type Define } from './define.ts'

/** Going from mode to mode. */
export const modeCommands = (command: Define): void => {
  command<{ stopAt?: string }>(
    'mode [mode]',
    'which mode it is, or go to another one live',
    async (context, words, name) => (await import('../commands/mode.ts')).mode(context, name, words),
  )
    .option('--stop-at <step>', 'hold after this step: widen (both ways are open) or move')
    .addHelpText('after', `\nExample: hop mode mtls --stop-at widen && hop mode mtls`)
  command<PlanWords>(
    'plan [mode]',
    'what would change with another mode or TLS policy, and who of those seen lately would break',
    async (context, words, name) => (await import('../commands/plan.ts')).plan(context, name, words),
  )
    .option('--since <time>', 'callers seen 30s, 10m or 2h ago; all is all that is remembered (default: in this mode)')
    .option('--min-version <version>', 'what if the public had to speak TLSv1.3 (or TLSv1.2) at least')
    .option('--drop-suite <suite>', 'what if this cipher suite (IANA name) went; again for more', append)
    .option('--key-type <type>', 'what if the public certificate had a key of this type: p256 or rsa-2048')
    .addHelpText(
      'after',
      `
A caller would break that is served now, goes a way that mode does not accept, and is none the
control plane moves: no workload's own records have its requests. For CI: exit code 1 when somebody
would break, or no client was seen of whom it could be told.
Example: hop plan mtls; hop plan --min-version TLSv1.3`,
    )
  command<RolloutWords>(
    'rollout <mode>',
    'go to another mode guarded: holds while callers remain, goes back by itself when errors pile up',
    async (context, words, name = '') => (await import('../commands/rollout.ts')).rollout(context, name, words),
  )
    .option('--step', 'one step only (widen, move, narrow), then hold')
    .option('--canary <workload>', 'only links into this workload, then hold; again for more', append)
    .option('--max-error-rate <share>', 'roll back above this share of failing requests (default: 2%)')
    .option('--observe <time>', 'watch for so long before narrowing, up to 4m (default: 2s)')
    .addHelpText(
      'after',
      `
While both ways are open it looks for callers of the old way. Those that nobody moves are named, and
it holds there: ask again once they are gone, or hop rollback. hop mode goes on without looking.
Example: hop rollout mtls --canary payments && hop rollout mtls --max-error-rate 1%`,
    )
  command('rollback', 'back to where the rollout under way came from', async context =>
    (await import('../commands/mode.ts')).rollback(context),
  ).addHelpText(
    'after',
    `\nIn the order of the way there, backwards, so that no request is lost.\nExample: hop rollout mtls --step && hop rollback`,
  )
}
