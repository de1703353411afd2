import type { ConnectionOptions, TlsOptions } from 'node:tls'
import type { KeyPair } from '../../services/chassis/tls-options.ts'
import type { Hop } from '../../services/modes.ts'
import type { CauseName, EndName, Fault } from '../doctor/cause.ts'
import type { LabClient } from '../lab-client.ts'

/** What one end does wrong before a request could be made, and what a doctor must make of it. */
export type Breakage = {
  /** Kebab-case; what `--with` takes. */
  name: string
  summary: string
  /** By the end that does it; absent where that end cannot. */
  caller?: Way
  callee?: Way
}

export type Way = {
  /** The certificate it presents; none where that is the point, the workload's real one without a word of it. */
  papers?: (lab: LabClient, hop: Hop, end: EndName) => KeyPair | undefined | Promise<KeyPair | undefined>
  /** That authority is the one it belongs to: whoever stands there trusts its root and no other. */
  belongs?: true
  /** How it deviates from the usual handshake. */
  tls?: ConnectionOptions & TlsOptions
  /** It speaks no TLS at all, but this. */
  instead?: Instead
  due: (hop: Hop) => { name: CauseName; fault: Fault }
  /** It takes as long as a time limit. */
  slow?: true
}

/** In place of TLS: HTTP in clear, bytes without a meaning, a reset, or nothing. */
export type Instead = 'plaintext' | 'garbage' | 'reset' | 'silence'
