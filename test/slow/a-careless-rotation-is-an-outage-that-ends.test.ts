import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TrustState } from '../../services/control/certificates/trust-state.ts'
import { createPublicClient, operator, startTestLab, type TestLab } from '../support/lab.ts'

let lab: TestLab
beforeAll(async () => {
  lab = await startTestLab({ mode: 'mtls' })
})
afterAll(() => lab.close())

const rotate = async (what: string) => ((await operator(lab, 'POST', '/api/rotation', { what })) as object[]).at(-1)

const trust = () => operator(lab, 'GET', '/api/trust') as Promise<TrustState>

describe.each(['reissue-first', 'distrust-first'])('a root replaced %s', careless => {
  const [stopAt] = careless === 'reissue-first' ? ['reissue'] : ['distrust']

  test.each(['on', 'back'])('is an outage, and going %s ends it', async way => {
    const placed = async () => {
      const client = await createPublicClient(lab, 1)
      try {
        return (await client.send()).status
      } catch (error) {
        return (error as { code: string }).code
      } finally {
        await client.close()
      }
    }
    expect(await placed()).toBe(201)
    const asked = { what: 'root', careless, stopAt }
    expect(((await operator(lab, 'POST', '/api/rotation', asked)) as object[]).at(-1)).toMatchObject({ heldAt: stopAt })
    expect(await placed()).not.toBe(201)
    if (way === 'on') expect(await rotate('root')).toEqual({ done: true, what: 'root' })
    else
      expect(((await operator(lab, 'POST', '/api/rotation/back', {})) as object[]).at(-1)).toMatchObject({ done: true })
    expect(await placed()).toBe(201)
    expect((await trust()).authorities).toHaveLength(3)
  })
})
