import type { Hop } from '../../services/modes.ts'
import type { LabClient } from '../lab-client.ts'
import { serialOf } from '../tools/insider-credentials.ts'
import { beThief, type StolenUse, type Thief } from './stolen-use.ts'

/** How each hop's thief fared, and what the operator was told: after how many milliseconds everybody had acknowledged. */
export type RevokedWhileUsed = { uses: Map<string, StolenUse>; serials: string[]; acknowledgedMs: number }

/** A credential of every hop's caller is stolen, used, and revoked while it is; all of them at one word. */
export const revokedWhileUsed = async (lab: LabClient, hops: readonly Hop[]): Promise<RevokedWhileUsed> => {
  const { credentials } = lab
  const callers = [...new Set(hops.map(({ link }) => link.caller))]
  const stolen = new Map(
    await Promise.all(callers.map(async name => [name, await credentials.stolenAnew(name)] as const)),
  )
  const thieves: Thief[] = []
  try {
    const all = await Promise.all(
      hops.map(async hop => {
        const thief = await beThief(lab, hop, stolen.get(hop.link.caller)!)
        thieves.push(thief)
        return [hop.link.id, thief] as const
      }),
    )
    let taken = false
    const since = performance.now()
    const word = credentials.revoke(...stolen.values()).then(() => {
      taken = true
      return performance.now() - since
    })
    const uses = Promise.all(
      all.map(async ([link, thief]) => [link, await thief.goOn({ since, isDue: () => taken })] as const),
    )
    const [acknowledgedMs] = await Promise.all([word, uses])
    return { uses: new Map(await uses), serials: [...stolen.values()].map(serialOf), acknowledgedMs }
  } finally {
    for (const thief of thieves) thief.close()
  }
}
