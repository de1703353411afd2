import type { AnonymousReason } from '../services/chassis/observation.ts'
import type { Transport } from '../services/chassis/transport.ts'

/** One end of a hop as the other end saw it. */
export type Identity =
  | { kind: 'authenticated'; id: string; notAfter?: string }
  | { kind: 'anonymous'; because: AnonymousReason }
  /** The public name's certificate, and which workload holds its key. */
  | { kind: 'public'; name: string; heldBy?: string }
  /** TLS passed through unopened, or one end kept no record: nothing was seen. */
  | { kind: 'unseen' }

/** A hop as its two ends recorded it. What neither saw is absent. */
export type ObservedHop = {
  transport: Transport | 'spliced'
  protocol?: string
  cipher?: string
  keyExchange?: string
  alpn?: string
  serverName?: string
  /** Whom the callee saw, and whom the caller saw. */
  caller: Identity
  callee: Identity
  /** Whom policy took the caller to be, and why. */
  believed?: { caller?: string; by: 'certificate' | 'header' | 'nobody' }
  requestId?: string
  status?: number
  /** Bytes on the wire in both directions, when the wire is on. */
  bytes?: number
  /** The callee opened TLS here: one decryption of the request. */
  decrypted: boolean
  /** Set when the two ends saw different certificates: somebody stands in between. */
  tornApart?: true
}
