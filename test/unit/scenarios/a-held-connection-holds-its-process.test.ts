import { spawnSync } from 'node:child_process'
import { expect, it } from 'vitest'

const tool = new URL('../../../scenarios/tools/held-connection.ts', import.meta.url).href

const program = `
const { holdConnection } = await import(${JSON.stringify(tool)})
await holdConnection(false).ended(20)
console.log('waited')
`

it('who waits for the end of a connection in an otherwise idle process gets his answer', () => {
  const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    encoding: 'utf8',
  })
  expect({ status, stdout }).toEqual({ status: 0, stdout: 'waited\n' })
})
