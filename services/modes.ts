import type { Transport } from './chassis/transport.ts'
import type { Link } from './topology/link.ts'

/** Where TLS starts and ends. This table is the only place in the project that knows modes. */
export type Mode = 'edge-terminate-plaintext' | 're-encrypt' | 'mtls' | 'passthrough' | 'hybrid'

type ModeRow = {
  /** What the ingress does with a client's TLS: open it, or splice it unopened to the workload. */
  ingress: 'terminate' | 'passthrough'
  /** The transport of a link between workloads. */
  inner: (link: Link) => Transport
  summary: string
}

export const modeTable: Record<Mode, ModeRow> = {
  'edge-terminate-plaintext': {
    ingress: 'terminate',
    inner: () => 'plaintext',
    summary: 'TLS ends at the edge; everything behind it is plaintext',
  },
  're-encrypt': {
    ingress: 'terminate',
    inner: () => 'tls',
    summary: 'every hop is TLS; callees prove themselves, callers do not',
  },
  mtls: {
    ingress: 'terminate',
    inner: () => 'mtls',
    summary: 'every inner hop is mutual TLS; both ends prove themselves',
  },
  passthrough: {
    ingress: 'passthrough',
    inner: () => 'mtls',
    summary: "the edge splices by SNI; the client's TLS ends at the workload",
  },
  hybrid: {
    ingress: 'terminate',
    inner: link => (link.intoSensitive ? 'mtls' : link.crossesZone || link.carriesSecrets ? 'tls' : 'plaintext'),
    summary: 'mutual TLS into sensitive zones, TLS where secrets or borders are, plaintext for the rest',
  },
}

export const modes = Object.keys(modeTable) as Mode[]

export const isMode = (text: string): text is Mode => Object.hasOwn(modeTable, text)

/** One hop of a mode: which transport carries it, and whether the edge only splices it. */
export type Hop = { link: Link; transport: Transport; spliced: boolean }
