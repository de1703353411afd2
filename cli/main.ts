import { CommanderError } from 'commander'
import { choose } from './choice.ts'
import { complaint, complaintJson } from './complain.ts'
import { exit, exitCodeOf } from './exit.ts'
import { mistakeOf } from './mistake.ts'
import { createProgram } from './program.ts'

/** Whoever reads may stop reading (`hop audit | head`); that is no failure. */
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') process.exit(exit.failed)
  })

const words = process.argv.slice(2)

const run = async (): Promise<number> => {
  let code: number = exit.ok
  const program = createProgram(ended => {
    code = ended
  })
  const names = program.commands.map(command => command.name())
  program.argument('[command]').action((word?: string) => {
    if (word === undefined) return program.help({ error: true })
    choose('command', word, names)
  })
  try {
    await program.parseAsync(words, { from: 'user' })
    return code
  } catch (error) {
    const failure = error instanceof CommanderError ? mistakeOf(error, program, words) : error
    if (failure === undefined) return exit.ok
    if (words.includes('--json')) process.stdout.write(`${JSON.stringify(complaintJson(failure))}\n`)
    const columns = process.stderr.isTTY ? process.stderr.columns : undefined
    process.stderr.write(`${complaint(failure, process.env.HOP_DEBUG === '1', columns || undefined)}\n`)
    return exitCodeOf(failure)
  }
}

/** Resolves when what was written is out, or nobody reads it any more: to a pipe only the first 64 KB go at once. */
const written = (stream: NodeJS.WriteStream) => new Promise<void>(resolve => stream.write('', () => resolve()))

const code = await run()
await Promise.all([process.stdout, process.stderr].map(written))
// A lab that did not end in time must not hold its process back.
process.exit(code)
