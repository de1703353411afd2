import { connect, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls, TLSSocket } from 'node:tls'
import { failureOf } from '../../services/chassis/failures.ts'
import type { Address } from '../../services/chassis/transport.ts'
import { type Source, sourceOf } from './source.ts'

/**
 * Where to dial and how; `tls` absent: plaintext. `from`: a source address of one's own. `patienceMs`: a silence
 * as long as this counts as no answer; ten seconds without it.
 */
export type Dial = { address: Address; tls?: ConnectionOptions; from?: string | undefined; patienceMs?: number }

/** What came back. `ended`: the other end closed; false when it kept the connection and went silent. */
export type Said = { text: string; ended: boolean }

export type Failure = { name: string; code: string }

/** A connection on which bytes go out exactly as they are written. Latin-1 both ways. */
export type Raw = {
  protocol?: string
  cipher?: string
  alpn?: string
  /** The names of the certificate the other end showed. */
  peerNames?: string
  /** Sends, and reads until `enough`, the end, or a long silence. Never rejects. */
  ask(bytes: string | Buffer, enough?: (text: string) => boolean): Promise<Said>
  close(): void
}

/** A connection, or why there is none, by a name of `failures.ts`; and where it came from, as far as it got. */
export type Dialled = Source & ({ raw: Raw; failure?: undefined } | { raw?: undefined; failure: Failure })

const usualPatienceMs = 10_000

/** Connects, with the handshake done where there is one. Never rejects. */
export const dialRaw = ({ address, tls, from, patienceMs = usualPatienceMs }: Dial): Promise<Dialled> =>
  new Promise(resolve => {
    const bound = from === undefined ? address : { ...address, localAddress: from }
    const socket: Socket = tls ? connectTls({ ...bound, ALPNProtocols: ['http/1.1'], ...tls }) : connect(bound)
    socket.setNoDelay(true)
    let source: Source = {}
    socket.once('connect', () => {
      source = sourceOf(socket, from !== undefined)
    })
    const giveUp = setTimeout(
      () => socket.destroy(Object.assign(new Error('silence'), { code: 'ETIMEDOUT' })),
      patienceMs,
    )
    const fail = (error: Error) => {
      clearTimeout(giveUp)
      const { name, code } = failureOf(error)
      resolve({ ...source, failure: { name, code } })
    }
    socket.once('error', fail)
    socket.on('error', () => {})
    socket.once('close', () => fail(Object.assign(new Error('closed'), { code: 'ECONNRESET' })))
    socket.once(tls ? 'secureConnect' : 'connect', () => {
      clearTimeout(giveUp)
      resolve({ ...source, raw: wrap(socket, patienceMs) })
    })
  })

/** One conversation on a connection of its own, read to its end; `failure`: there was no connection, so nothing was sent. */
export const converse = async (dial: Dial, bytes: string | Buffer): Promise<Said & { failure?: Failure }> => {
  const { raw, failure } = await dialRaw(dial)
  if (!raw) return { text: '', ended: true, failure }
  try {
    return await raw.ask(bytes)
  } finally {
    raw.close()
  }
}

/** Final status codes of the HTTP/1.1 answers in a text, in order. */
export const statusesIn = (text: string): number[] =>
  [...text.matchAll(/HTTP\/1\.[01] ([2-5]\d\d) /g)].map(([, code]) => Number(code))

/** The failure that a problem (RFC 9457) names. */
export const failureIn = (text: string): string | undefined => /"failure":"([\w-]+)"/.exec(text)?.[1]

/** One whole final answer has come. */
export const oneAnswer = (text: string): boolean => {
  const final = /HTTP\/1\.1 [2-5]\d\d /.exec(text)
  const end = final ? text.indexOf('\r\n\r\n', final.index) : -1
  if (!final || end < 0) return false
  const head = text.slice(final.index, end)
  if (/\r\ntransfer-encoding: chunked/i.test(head)) return text.endsWith('0\r\n\r\n')
  return text.length >= end + 4 + Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0)
}

const wrap = (socket: Socket, patienceMs: number): Raw => {
  let ended = false
  const closed = new Promise<void>(resolve => {
    const end = () => {
      ended = true
      resolve()
    }
    socket.once('end', end).once('close', end)
  })
  return {
    ...(socket instanceof TLSSocket ? describe(socket) : {}),
    async ask(bytes, enough = () => false) {
      let text = ''
      let timer: NodeJS.Timeout | undefined
      const { promise, resolve } = Promise.withResolvers<void>()
      const wait = () => {
        clearTimeout(timer)
        timer = setTimeout(resolve, patienceMs)
      }
      const read = (chunk: Buffer) => {
        text += chunk.toString('latin1')
        if (enough(text)) resolve()
        else wait()
      }
      wait()
      socket.on('data', read)
      if (!ended) socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
      await Promise.race([promise, closed])
      clearTimeout(timer)
      socket.off('data', read)
      return { text, ended }
    },
    close: () => void socket.destroy(),
  }
}

const describe = (socket: TLSSocket) => {
  const peerNames = socket.getPeerX509Certificate()?.subjectAltName
  return {
    protocol: socket.getProtocol() ?? 'unknown',
    cipher: socket.getCipher().standardName,
    ...(socket.alpnProtocol ? { alpn: socket.alpnProtocol } : {}),
    ...(peerNames === undefined ? {} : { peerNames }),
  }
}
