import type { FailureName } from '../../services/chassis/failures.ts'
import type { KeyPair } from '../../services/chassis/tls-options.ts'
import type { Hop } from '../../services/modes.ts'
import type { LabClient } from '../lab-client.ts'
import type { Evidence } from '../scenario.ts'
import type { Attempt } from '../tools/attempt.ts'
import { freshCanary } from '../tools/canary.ts'
import { createImpostor } from '../tools/impostor.ts'
import { createOutsider, type OutsiderOptions } from '../tools/outsider.ts'
import { count, failed, outcome, succeeded } from './evidence.ts'
import { isInner } from './hops.ts'
import { readUntil } from './patience.ts'
import { mark, recordsSince } from './records.ts'
import { unknownSigner } from './unknown-signer.ts'
import { restoringWire } from './wire.ts'

/** An impostor's papers, and how he is to be refused who looks at them. */
export type Papers = { what: string; pair?: KeyPair; refusedAs: readonly FailureName[] }

/** What an impostor got, and how the caller's end saw him. */
export type StoodIn = { what: string; served: boolean; refusedAs?: string; due: boolean; evidence: Evidence[] }

/** All there is to show in a callee's place: nothing where the link is plaintext, else three kinds of certificate. */
export const papersFor = async (lab: LabClient, { link, transport, ...hop }: Hop): Promise<Papers[]> => {
  const { callee, caller } = link
  if (transport === 'plaintext') return [{ what: 'no certificate', refusedAs: [] }]
  const other = Object.keys(lab.topology.workloads).find(name => name !== callee && name !== caller)!
  const inner = isInner({ link, transport, ...hop })
  return [
    { what: 'a self-signed certificate', pair: lab.credentials.selfSigned(callee), refusedAs: unknownSigner },
    { what: 'a certificate from a foreign CA', pair: lab.credentials.foreign(callee), refusedAs: unknownSigner },
    {
      what: `the valid certificate of ${other}`,
      pair: await lab.credentials.stolen(other),
      refusedAs: [inner ? 'wrong-identity' : 'wrong-name'],
    },
  ]
}

/** Leads a link to an impostor, lets a customer place an order, and looks at both ends of the link. */
export const standIn = async (lab: LabClient, hop: Hop, papers: Papers): Promise<StoodIn> => {
  const { caller, id } = hop.link
  const impostor = await createImpostor(lab.standsAt, papers.pair)
  try {
    return await restoringWire(lab, id, async () => {
      await lab.wire(id).redirect(impostor.address)
      await lab.wire(id).cut()
      const inner = isInner(hop)
      const marks = await mark(lab, inner ? [caller] : [])
      const attempt = await placeOrder(lab)
      const lost = inner
        ? await readUntil(
            async () =>
              (await recordsSince(lab, marks))[caller]?.connections.find(
                ({ side, link, failure }) => side === 'client' && link === id && failure,
              ),
            found => found !== undefined || impostor.requests().length > 0,
          )
        : undefined
      const cause = inner ? lost?.failure?.name : attempt.answered ? undefined : attempt.failure.name
      const served = impostor.requests().length > 0
      return {
        what: papers.what,
        served,
        ...(cause === undefined ? {} : { refusedAs: cause }),
        due: !served && impostor.connections() > 0 && papers.refusedAs.some(name => name === cause),
        evidence: [
          count(`requests the impostor with ${papers.what} was given`, id, impostor.requests().length),
          ...impostor.requests().slice(0, 1).map(given(id)),
          ...(lost
            ? [failed(`what ${caller} recorded`, caller, lost)]
            : [outcome('what the customer got', 'client', attempt)]),
        ],
      }
    })
  } finally {
    await impostor.close()
  }
}

/** One order of a customer, all values fresh. */
export const placeOrder = async (lab: LabClient, options: OutsiderOptions = {}): Promise<Attempt> => {
  const { method, path, body, headers } = freshCanary(lab.topology)
  return (await createOutsider(lab, options)).send({ method, path, body, headers })
}

/** The control of every stand-in: the genuine callee is served the same way. */
export const genuineCallee = async (lab: LabClient) => {
  const attempt = await placeOrder(lab)
  return { passed: succeeded(attempt), evidence: [outcome('with the genuine callee', 'client', attempt)] }
}

const given =
  (where: string) =>
  ({ method, path, body }: { method: string; path: string; body: string }): Evidence => ({
    ...{ kind: 'request', title: 'what the impostor read', where, text: `${method} ${path} ${body.slice(0, 200)}` },
  })
