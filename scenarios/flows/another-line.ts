import { client, linkId } from '../../services/topology/topology.ts'
import type { LabClient } from '../lab-client.ts'
import { random } from '../tools/canary.ts'
import { openPublicLine, type PublicLine } from './public-line.ts'

/**
 * A second client of the public: at an address of his own where there are some to choose. Elsewhere he comes by way of the
 * wire's machine, which hands on what he sends from an address of its own, as a proxy at his end would.
 */
export const openAnotherLine = async (lab: LabClient): Promise<PublicLine> => {
  const straight = await openPublicLine(lab)
  if (straight.from !== undefined || lab.access.wire === null) return straight
  straight.close()
  const way = lab.wire(linkId(client, `beside-${random('abcdefghjkmnpqrstuvwxyz', 6)}`))
  const line = await openPublicLine(lab, await way.add(lab.access.edge)).catch(async error => {
    await way.remove()
    throw error
  })
  return {
    ...line,
    async close() {
      line.close()
      await way.remove()
    },
  }
}
