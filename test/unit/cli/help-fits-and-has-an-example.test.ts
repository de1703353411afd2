import { expect, it } from 'vitest'
import { createProgram } from '../../../cli/program.ts'

const { commands } = createProgram(() => {})

const helpOf = (name: string): string => {
  let text = ''
  const command = commands.find(each => each.name() === name)!
  command.configureOutput({
    writeOut: piece => {
      text += piece
    },
  })
  command.outputHelp()
  return text
}

it.each(commands.map(command => command.name()))('hop %s --help fits into 100 columns', name => {
  expect(
    helpOf(name)
      .split('\n')
      .filter(line => line.length > 100),
  ).toEqual([])
})

/** What one looks up the help of, because it changes something or is more than a word. */
const exemplary =
  'up export switch mode plan rollout rollback certificates rotate alerts revoke renew reenrol doctor break explain trace edges watch'

it.each([...exemplary.split(' '), 'break-glass'])('hop %s --help has an example', name => {
  expect(helpOf(name)).toMatch(new RegExp(`\\nExample: hop .*\\b${name}\\b`))
})
