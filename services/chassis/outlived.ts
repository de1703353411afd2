import type { X509Certificate } from 'node:crypto'
import { TLSSocket } from 'node:tls'
import type { Connection } from './connections.ts'
import type { Credentials } from './credentials.ts'
import type { Inspect } from './inspection.ts'

/** Which callers were let in by what is no longer so. The others stay: to ask those who may go on to leave costs requests. */
export type Outlived = {
  has(connection: Connection): boolean
  /** Judges open connections by what is trusted now. `caLost`: a CA is not trusted any more, so who rests on which one counts. */
  judge(caLost: boolean): void
  /** Nothing that was judged before counts, whatever it came to. */
  everybody(): void
  /** One that is open only now, and may have been judged before any of that. True where it is outlived already. */
  admitted(connection: Connection): boolean
}

type Options = {
  credentials: Pick<Credentials, 'generation'>
  open: () => readonly Connection[]
  inspect: Inspect
  /** Does a certificate rest on CAs that are trusted still? */
  vouched: (certificate: X509Certificate) => boolean
}

export const createOutlived = ({ credentials, open, inspect, vouched }: Options): Outlived => {
  const outlived = new WeakSet<Connection>()
  let everybodySince = 0
  let caLostSince = 0

  /** Many connections have the same certificate at their other end. */
  const judging = (caLost: boolean) => {
    const judged = new Map<string, boolean>()
    const once = (certificate: X509Certificate, judge: () => boolean): boolean => {
      const key = certificate.fingerprint256
      const known = judged.get(key) ?? judge()
      judged.set(key, known)
      return known
    }
    return ({ transport, socket }: Connection): boolean => {
      if (!(socket instanceof TLSSocket) || socket.destroyed) return false
      if (transport === 'mtls') {
        const caller = socket.getPeerX509Certificate()
        if (!caller) return true
        return once(caller, () => inspect(caller) !== undefined || (caLost && !vouched(caller)))
      }
      // who proved nothing went by our certificate
      const shown = caLost ? socket.getX509Certificate() : undefined
      return shown !== undefined && once(shown, () => !vouched(shown))
    }
  }

  const note = (connections: readonly Connection[], leaves: (connection: Connection) => boolean) => {
    for (const connection of connections) if (leaves(connection)) outlived.add(connection)
  }

  return {
    has: connection => outlived.has(connection),
    judge(caLost) {
      if (caLost) caLostSince = credentials.generation()
      note(open(), judging(caLost))
    },
    everybody() {
      everybodySince = credentials.generation()
      note(open(), ({ transport, generation: since }) => transport === 'mtls' && since < everybodySince)
    },
    admitted(connection) {
      const { transport, generation: since } = connection
      if (transport === 'mtls' && since < everybodySince) outlived.add(connection)
      if (since < caLostSince) note([connection], judging(true))
      return outlived.has(connection)
    },
  }
}
