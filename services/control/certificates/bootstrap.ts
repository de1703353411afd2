import { HopError } from '../../../pki/error.ts'
import { type BootstrapSecret, readOwnToken } from '../../chassis/bootstrap-secret.ts'
import type { Topology } from '../../topology/topology.ts'
import { knownWorkload } from '../api/unknown.ts'
import type { Switches } from '../rollout/switches.ts'
import { type JoinTokens, refusedToken } from '../state/join-tokens.ts'
import type { Store } from '../state/store.ts'

/** Finds a workload's secret anew each time, since it may have been replaced; undefined where it has none. */
export type SecretOf = (workload: string) => BootstrapSecret | undefined

/** What a workload asks for that knows nobody yet, or is not let in any more on what it holds. */
export type IntroductionAsked = { workload: string; nonce: string; returning: boolean }

/** How a workload comes in by a secret of its own, each time it starts: it has lost its key and nobody is there to help. */
export type Bootstrap = {
  /**
   * Whom to trust, proven by the secret, and the time to make a join token for. Throws `workload-unknown`,
   * `bootstrap-unknown` (no secret), `bootstrap-barred` (revoked, and not let in again), `bootstrap-withheld`.
   */
  introduce(asked: IntroductionAsked): { bundle: readonly string[]; time: number; proof: string }
  /** Join tokens of either kind: those that were issued, and those that their bearers made. */
  tokens: Pick<JoinTokens, 'look' | 'consume'>
  /** Has this workload a secret? */
  knows(workload: string): boolean
  /** Lets it in once, whatever became of what it held. */
  readmit(workload: string): void
}

type Parts = {
  secretOf: SecretOf
  topology: Topology
  store: Pick<Store, 'tokens' | 'intent' | 'ledger' | 'transaction'>
  switches: () => Switches
  bundle: () => readonly string[]
  clock: () => number
}

/** A token that its bearer made is good so long around its time, ms: enough for a slow start, little for a thief. */
export const ownTokenMs = 60_000

export const createBootstrap = (parts: Parts): Bootstrap => {
  const { secretOf, topology, store, switches, bundle, clock } = parts
  const { tokens, intent, ledger } = store

  const readmitted = (name: string) => intent.readmitted().includes(name)

  /**
   * Whoever has the secret of a revoked workload may be who its certificate was taken from. Its last stream alone does not
   * tell: a thief need not open one, and a certificate that had run out by then is not among the revoked.
   */
  const barred = (name: string): boolean => {
    const serial = intent.lastSerials()[name]
    const isRevoked = intent.barred().includes(name) || (serial !== undefined && ledger.isRevoked(serial))
    return isRevoked && !readmitted(name)
  }

  const withheld = (name: string, returning: boolean): boolean => {
    const { renewal, trustWithheld } = switches()
    const notRenewed = returning && !(renewal[name]?.on ?? true)
    return (trustWithheld.includes(name) || notRenewed) && !readmitted(name)
  }

  const judgeOwn = (token: string, workload: string) => {
    const own = readOwnToken(token)
    if (!own) return undefined
    const { nonce, time } = own
    if (!secretOf(workload)?.made(own, workload))
      throw refusedToken('join-token-unknown', `a token made with the secret of ${workload}`, 'one that was not')
    if (Math.abs(time - clock()) >= ownTokenMs)
      throw refusedToken('join-token-expired', 'a token in its time', `one of ${new Date(time).toISOString()}`)
    if (barred(workload)) throw refusedWorkload('bootstrap-barred', workload)
    // who knows the roots and the time from before need not ask for them again
    if (withheld(workload, false)) throw refusedWorkload('bootstrap-withheld', workload)
    return { ticket: `own ${workload} ${nonce}`, expires: time + ownTokenMs }
  }

  return {
    introduce({ workload, nonce, returning }) {
      const name = knownWorkload(topology, workload)
      const secret = secretOf(name)
      if (!secret) throw refusedWorkload('bootstrap-unknown', name)
      if (barred(name)) throw refusedWorkload('bootstrap-barred', name)
      if (withheld(name, returning)) throw refusedWorkload('bootstrap-withheld', name)
      const told = { workload: name, nonce, time: clock(), bundle: bundle() }
      return { bundle: told.bundle, time: told.time, proof: secret.proveTrust(told) }
    },
    tokens: {
      look(token, workload) {
        if (!judgeOwn(token, workload)) tokens.look(token, workload)
      },
      consume(token, workload) {
        const own = judgeOwn(token, workload)
        if (!own) return tokens.consume(token, workload)
        tokens.useUp(own.ticket, workload, own.expires)
        intent.setReadmitted(intent.readmitted().filter(name => name !== workload))
        intent.setBarred(intent.barred().filter(name => name !== workload))
      },
    },
    knows: workload => secretOf(workload) !== undefined,
    readmit: workload =>
      store.transaction(() => intent.setReadmitted([...new Set([...intent.readmitted(), workload])])),
  }
}

const refusals = {
  'bootstrap-unknown': [
    'a workload with a bootstrap secret',
    'none here',
    'Give it one, here and there, or a join token',
  ],
  'bootstrap-barred': [
    'a workload in good standing',
    'one whose certificate was revoked',
    'hop reenrol lets it in again',
  ],
  'bootstrap-withheld': [
    'a workload that may have new trust and certificates',
    'one from which they are withheld',
    'hop switch renewal, trustWithheld; or hop reenrol',
  ],
} as const

const refusedWorkload = (code: keyof typeof refusals, workload: string) => {
  const [expected, found, remedy] = refusals[code]
  return new HopError(code, { field: `workload ${workload}`, expected, found, remedy })
}
