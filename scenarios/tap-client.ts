import type { Direction } from '../services/chassis/relay.ts'
import type { Address } from '../services/chassis/transport.ts'
import type { Findings } from '../services/wire/find.ts'
import type { LabHttp } from './lab-http.ts'

/** Bytes as text (UTF-8) or as hex. */
export type Bytes = { text: string } | { hex: string }

/** Replaces bytes in flight by others of the same length; always, or the first `times` times. */
export type Alter = { find: Bytes; replace: Bytes; direction: Direction; times?: number }

/** What a tap says of itself. `hits`: how often each rule has struck. */
export type TapReport = {
  link: string
  connections: { open: number; total: number; failed: number }
  bytes: Record<Direction, number>
  alterations: { hits: number }[]
  /** New connections are reset; bytes are held back; new connections go elsewhere. */
  refusing: boolean
  delayMs: number
  redirectedTo?: Address
}

/** One recorded connection: all bytes of each direction, as their sender sent them. */
export type Recorded = { id: number; bytes: Record<Direction, Buffer> }

/** The tap on one link: the network as its owner has it. */
export type TapClient = {
  /** Puts a tap where the lab has none, in front of `target`; answers where it listens. Its link may be nobody's. */
  add(target: Address): Promise<Address>
  /** Takes a tap away that was added. */
  remove(): Promise<void>
  find(what: Bytes): Promise<Findings>
  alter(rule: Alter): Promise<TapReport>
  /** Resets the open connections, answers how many. */
  cut(): Promise<number>
  /** Sends new connections elsewhere. */
  redirect(to: Address): Promise<TapReport>
  /** Undoes alter and redirect. */
  restore(): Promise<TapReport>
  /** Forgets the recording. */
  reset(): Promise<void>
  report(): Promise<TapReport>
  bytes(): Promise<Recorded[]>
  /** A pcapng file; NSS key log lines go into it when given. */
  capture(keyLog?: string[]): Promise<Buffer>
}

type ShownConnection = { id: number; bytes: Record<Direction, string> }

export const tapClient = (http: LabHttp, link: string): TapClient => {
  const base = `/wire/${encodeURIComponent(link)}`
  return {
    async add(target) {
      return (await http.json<{ address: Address }>('POST', '/wire', { link, target })).address
    },
    async remove() {
      await http.json('POST', `${base}/remove`)
    },
    find: what => http.json('POST', `${base}/find`, what),
    alter: rule => http.json('POST', `${base}/alter`, rule),
    async cut() {
      return (await http.json<{ cut: number }>('POST', `${base}/cut`)).cut
    },
    redirect: to => http.json('POST', `${base}/redirect`, to),
    restore: () => http.json('POST', `${base}/restore`),
    async reset() {
      await http.json('POST', `${base}/reset`)
    },
    async report() {
      const { taps } = await http.json<{ taps: TapReport[] }>('GET', '/wire')
      return taps.find(tap => tap.link === link)!
    },
    async bytes() {
      const { connections } = await http.json<{ connections: ShownConnection[] }>('GET', `${base}/bytes`)
      return connections.map(({ id, bytes }) => ({
        id,
        bytes: { 'to-callee': fromBase64(bytes['to-callee']), 'to-caller': fromBase64(bytes['to-caller']) },
      }))
    },
    capture: (keyLog = []) => http.bytes('POST', `${base}/capture`, { keyLog }),
  }
}

const fromBase64 = (text: string): Buffer => Buffer.from(text, 'base64')
