import { createInterface } from 'node:readline/promises'
import { type RevocationReason, revocationReasons } from '../../pki/crl.ts'
import { HopError } from '../../pki/error.ts'
import type { LabClient } from '../../scenarios/lab-client.ts'
import { choose } from '../choice.ts'
import { type Context, withLab } from '../command.ts'
import { exit } from '../exit.ts'
import { doomedLines, revokedLines } from '../render/revocation.ts'
import { type Held, meantBy } from '../revocables.ts'

export type RevokeWords = { reason: string; yes?: boolean }

/** Says what it will take back, asks where a running workload would lose by it, and says when it was refused everywhere. */
export const revoke = (
  context: Context,
  words: readonly string[],
  { reason: word, yes }: RevokeWords,
): Promise<number> => {
  const reason = choose('reason', word, Object.keys(revocationReasons) as RevocationReason[], '--reason')
  const { screen } = context
  return withLab(context, async lab => {
    const { workloads } = await lab.state()
    const issued = await lab.lifecycle.certificates()
    const meant = meantBy(words, issued, workloads, await heldIn(lab, workloads), Date.now())
    for (const line of doomedLines(meant, reason, screen)) screen.say(line)
    if (meant.losing.length > 0 && !yes) await confirm(context, meant.losing)
    const { serials, acknowledged, ms } = await lab.lifecycle.revoke({ ...meant.what, reason })
    screen.event({ revoked: serials, reason, acknowledged, ms, losing: meant.losing })
    for (const line of revokedLines({ serials, acknowledged, ms, losing: meant.losing }, screen)) screen.say(line)
    return acknowledged ? exit.ok : exit.failed
  })
}

const heldIn = async (lab: LabClient, workloads: readonly { name: string; connected: boolean }[]): Promise<Held> => {
  const connected = workloads.filter(workload => workload.connected)
  const reports = await lab.reports(Object.fromEntries(connected.map(({ name }) => [name, mostRecent])))
  return Object.fromEntries(Object.entries(reports).map(([name, { held }]) => [name, held]))
}

/** Beyond every record: what is held is all that is asked for. */
const mostRecent = 1e12

const confirm = async ({ screen }: Context, losing: readonly string[]): Promise<void> => {
  if (screen.live) {
    const asking = createInterface({ input: process.stdin, output: process.stdout })
    const answer = await asking.question('Go on? [y/N] ').finally(() => asking.close())
    if (/^y(es)?$/i.test(answer.trim())) return
  }
  throw new HopError('not-confirmed', {
    field: '--yes',
    expected: `your word, because ${losing.join(' and ')} would be out of the mesh`,
    found: 'nothing',
    remedy: 'Nothing was revoked. Say --yes to go on',
  })
}
