import type { Command } from 'commander'
import type { Context } from '../command.ts'

/** What every command understands. */
export type Common = { json?: boolean; state?: string }

/** Runs a command; what it returns is the exit code. Modules are loaded by the command that needs them. */
export type Action<Words> = (context: Context, words: Words, ...names: (string | undefined)[]) => Promise<number>

/** Adds a command to the group that was begun last. */
export type Define = <Words extends object>(
  usage: string,
  description: string,
  action: Action<Words & Common>,
) => Command

/** For options that may be given again and again. */
export const append = (word: string, words: string[] = []): string[] => [...words, word]
