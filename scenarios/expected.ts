import { type Mode, modes, modeTable } from '../services/modes.ts'
import type { Verdict } from './scenario.ts'

type Expected = Record<Mode, Verdict>

const byMode = (verdict: (mode: Mode) => Verdict): Expected =>
  Object.fromEntries(modes.map(mode => [mode, verdict(mode)])) as Expected

/** The transport does not matter: alike in every mode. */
export const everywhere = (verdict: Verdict): Expected => byMode(() => verdict)

/** For what somebody must do who reads requests in front of the services: where the edge only passes TLS on, nobody does. */
export const whereTheEdgeReads = byMode(mode => (modeTable[mode].ingress === 'terminate' ? 'holds' : 'broken'))

/** The same of what has to stay hidden from whoever stands in front. */
export const whereTheEdgePassesOn = byMode(mode => (modeTable[mode].ingress === 'passthrough' ? 'holds' : 'broken'))
