import type { Define } from './define.ts'

/** Going from mode to mode. */
export const modeCommands = (command: Define): void => {
  command<{ stopAt?: string }>(
    'mode [mode]',
    'which mode it is, or go to another one live',
    async (context, words, name) => (await import('../commands/mode.ts')).mode(context, name, words),
  ).option('--stop-at <step>', 'hold after this step: widen (both ways are open) or move')
  command('rollback', 'back to where the rollout under way came from', async context =>
    (await import('../commands/mode.ts')).rollback(context),
  )
}
