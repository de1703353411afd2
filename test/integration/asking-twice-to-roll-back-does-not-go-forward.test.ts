import { afterEach, expect, test } from 'vitest'
import { connectAll, operatorOf, startControl, temporaryDirectory } from './control-support.ts'

const directory = temporaryDirectory()
afterEach(directory.remove)

test('two rollbacks at once are one, and end where the rollout came from', async () => {
  const control = await startControl(directory.path)
  const all = await connectAll(control)
  const operator = operatorOf(control.operatorAddress(), control.operatorToken)
  try {
    await operator('PUT', '/api/mode', { mode: 'mtls', stopAt: 'move' })
    const answers = await Promise.all([1, 2].map(() => operator('POST', '/api/rollout/rollback')))
    for (const { lines } of answers) expect(lines.at(-1)).toEqual({ done: true, mode: 'edge-terminate-plaintext' })
    const { json } = await operator('GET', '/api/state')
    expect(json).toMatchObject({ mode: 'edge-terminate-plaintext', rollout: null, settled: true })
  } finally {
    for (const workload of Object.values(all)) workload.close()
    await control.close()
  }
})
