import type { AuditEntry } from '../../services/control/state/audit.ts'
import type { Hop } from '../../services/modes.ts'
import { count } from '../flows/evidence.ts'
import { isInner } from '../flows/hops.ts'
import { genuineCallee, type Papers, papersFor, type StoodIn, standIn } from '../flows/stand-in.ts'
import { freshWire } from '../flows/wire.ts'
import type { LabClient } from '../lab-client.ts'
import { type Control, defineScenario, type Observed } from '../scenario.ts'

/**
 * One hop is misconfigured: its caller does not check the callee. Every hop that ends TLS could be that one, so where
 * there are any the guarantee is broken; in plaintext there is no check to forget.
 */
export default defineScenario({
  id: 'unverified-callee',
  claims: ['B9', 'I10'],
  title: 'What does one forgotten check open?',
  guarantee: 'no single forgotten check lets an impostor in',
  explanation:
    "On one hop the caller's check of the callee is switched off, as a careless setting would. An impostor is let in on that hop and on no other, and the audit names it. Each hop that ends TLS could be that one; in plaintext there is no check to forget.",
  per: 'system',
  expected: {
    'edge-terminate-plaintext': 'not-applicable',
    're-encrypt': 'broken',
    mtls: 'broken',
    passthrough: 'broken',
    hybrid: 'broken',
  },
  async run(lab, hops) {
    const checked = riskiestFirst(hops.filter(hop => isInner(hop) && hop.transport !== 'plaintext'))
    const [hop, ...others] = checked
    if (!hop) return nothingToForget(hops, await genuineCallee(lab))
    const papers = await selfSigned(lab, hop)
    const before = await standIn(lab, hop, papers)
    const seen = (await lab.audit()).at(-1)?.id ?? 0
    await lab.verify(hop.link.id, false)
    try {
      const during = await standIn(lab, hop, papers)
      const elsewhere: Elsewhere[] = []
      for (const other of others)
        elsewhere.push({ link: other.link.id, stoodIn: await standIn(lab, other, await selfSigned(lab, other)) })
      const audit = (await lab.audit(seen)).filter(({ action }) => action === 'verify')
      return judgeForgottenCheck({ hop, before, during, elsewhere, audit, control: await genuineCallee(lab) })
    } finally {
      await lab.verify(hop.link.id, true)
      await freshWire(lab, [hop.link.id])
    }
  },
})

type Elsewhere = { link: string; stoodIn: StoodIn }

type Runs = {
  hop: Hop
  before: StoodIn
  during: StoodIn
  /** The same on every other hop that checks its callee. */
  elsewhere: readonly Elsewhere[]
  audit: readonly Pick<AuditEntry, 'who' | 'action' | 'target' | 'detail'>[]
  control: Control
}

/** Broken when the impostor gets in on that hop. The control: not before, not on any other hop, and the audit names it. */
export const judgeForgottenCheck = ({ hop, before, during, elsewhere, audit, control }: Runs): Observed => {
  const { id } = hop.link
  const named = audit.find(({ target, detail }) => target === id && detail.verify === false)
  const refused = before.due && elsewhere.every(({ stoodIn }) => stoodIn.due)
  const nowhereElse = elsewhere.length === 0 ? '' : ` and on none of the ${elsewhere.length} others`
  return {
    verdict: during.served ? 'broken' : 'holds',
    because: during.served
      ? `with the check off on ${id} an impostor with ${during.what} is served there${nowhereElse}; the audit names ${named?.target ?? 'nothing'}`
      : `the impostor on ${id} was refused as ${during.refusedAs ?? 'nothing'} although the check was off`,
    evidence: [
      ...during.evidence,
      ...elsewhere.map(({ link, stoodIn }) => ({
        ...{ kind: 'text' as const, title: 'the same impostor on another hop', where: link },
        text: stoodIn.served ? 'was given the request' : `refused as ${stoodIn.refusedAs ?? 'nothing'}`,
      })),
      ...(named
        ? [
            {
              kind: 'text' as const,
              title: 'audit',
              where: 'control',
              text: `${named.who} ${named.action} ${named.target}`,
            },
          ]
        : []),
    ],
    control: {
      passed: control.passed && refused && named !== undefined,
      evidence: [
        ...before.evidence.map(one => ({ ...one, title: `with the check still on: ${one.title}` })),
        ...control.evidence,
      ],
    },
  }
}

const nothingToForget = (hops: readonly Hop[], control: Control): Observed => ({
  verdict: 'not-applicable',
  because: 'no hop between workloads checks its callee in this mode',
  evidence: [count('hops between workloads with TLS', 'every link', 0), count('hops', 'every link', hops.length)],
  control,
})

const riskiestFirst = (hops: readonly Hop[]): Hop[] =>
  hops.toSorted((a, b) => Number(b.link.intoSensitive) - Number(a.link.intoSensitive))

const selfSigned = async (lab: LabClient, hop: Hop): Promise<Papers> => (await papersFor(lab, hop))[0]!
