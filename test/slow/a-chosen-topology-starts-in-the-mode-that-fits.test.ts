import { afterAll, expect, test } from 'vitest'
import { answerOf, createHome, hop } from '../support/cli.ts'

const place = createHome()
afterAll(() => place.clean())

test('a topology that was chosen starts in the mode that fits its situation, unless the state or --mode says otherwise', async () => {
  const dir = place.dir('mesh')
  const up = (...more: string[]) =>
    hop('up', '--detach', '--state', dir, '--topology', 'topologies/service-mesh.yaml', ...more)
  const mode = async () => (await answerOf('mode', '--state', dir)).answer.mode
  try {
    expect((await up()).code).toBe(0)
    expect(await mode()).toBe('mtls')
    await hop('mode', 'hybrid', '--state', dir)
    await hop('down', '--state', dir)
    await up()
    expect(await mode()).toBe('hybrid')
    await hop('down', '--state', dir)
    await up('--mode', 're-encrypt')
    expect(await mode()).toBe('re-encrypt')
  } finally {
    await hop('down', '--if-running', '--state', dir)
  }
})
