import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { HopError } from '../../pki/error.ts'
import { ownEndpoint } from '../chassis/peers.ts'
import { headerFor } from '../chassis/proxy-header.ts'
import { type Direction, relay, reset } from '../chassis/relay.ts'
import type { Address } from '../chassis/transport.ts'
import { type AlterRequest, type AlterRule, createAlteration, createRule } from './alteration.ts'
import { dial } from './dial.ts'
import { type Findings, findBytes } from './find.ts'
import { createFlow } from './flow.ts'
import { packetsOf } from './packets.ts'
import { writePcapng } from './pcapng.ts'
import { createRecorder, type RecordedConnection, type RecorderState } from './recording.ts'

export type TapOptions = {
  /** `orders:payments`. */
  link: string
  /** Where the callee listens; asked at each connection. */
  target: () => Address
  /** Default: a free port on 127.0.0.1. */
  listen?: Partial<Address>
  /** As callers reach it, where that is not what it listens on. */
  reachedAs?: Partial<Address> | undefined
  /**
   * Tells the callee who connected, in a PROXY header in front (see `createPeers`), where the caller's address cannot be kept.
   * Only for a callee that was told to expect it; whoever a connection is redirected to gets the caller's bytes alone.
   */
  tellsCaller?: boolean
  /** Bytes of memory for the recording, about; default 2 MB. */
  limit?: number
  /** ms since the epoch; default the system's. */
  clock?: () => number
}

/** What a tap is doing, in numbers and rules. `bytes`: passed since the tap was made, as their senders sent them. */
export type TapState = {
  link: string
  address: Address
  target: Address
  connections: { open: number; total: number; failed: number }
  bytes: Record<Direction, number>
  recorded: RecorderState
  refusing: boolean
  delayMs: number
  redirectedTo: Address | undefined
  alterations: AlterRule[]
}

/** One link as an attacker owns it: a TCP relay that listens, alters, cuts, delays, redirects. */
export type Tap = {
  link: string
  address: Address
  state(): TapState
  connections(): RecordedConnection[]
  find(bytes: Buffer): Findings
  /** Adds a rule; it holds for open connections too. Throws HopError when the lengths differ. */
  alter(request: AlterRequest): AlterRule
  /** Resets the open connections, returns how many; with `refuse`, new ones too until restored. */
  cut(options?: { refuse?: boolean }): number
  delay(ms: number): void
  /** Sends new connections elsewhere. */
  redirect(address: Address): void
  /** Undoes alter, cut, delay and redirect. */
  restore(): void
  /** Forgets what was recorded. Open connections are then recorded mid-stream: cut first where a capture must decrypt. */
  reset(): void
  /** A pcapng file; `keyLog`: NSS key log lines to put into it. */
  capture(keyLog?: string[]): Buffer
  close(): Promise<void>
}

const defaultLimit = 2 * 1024 * 1024
/** As many as a listener of ours takes: one neighbour must not use up what the whole wire has. */
const mostConnections = 4096

const noRules: AlterRule[] = []

/** Starts a tap. Rejects with HopError `tap-not-listening` when its address cannot be taken. */
export const createTap = async (options: TapOptions): Promise<Tap> => {
  const { link, target, clock = Date.now, limit = defaultLimit } = options
  const recorder = createRecorder({ limit, clock })
  const sockets = new Set<Socket>()
  const bytes: Record<Direction, number> = { 'to-callee': 0, 'to-caller': 0 }
  const count = { open: 0, total: 0, failed: 0 }
  let alterations = noRules
  let refusing = false
  let delayMs = 0
  let redirectedTo: Address | undefined

  const track = (socket: Socket): void => {
    sockets.add(socket)
    // Whoever reads the socket judges its errors; until then a failure only has to end it.
    socket.on('error', () => {})
    socket.once('close', () => sockets.delete(socket))
  }

  const join = (caller: Socket, callee: Socket): void => {
    const recording = recorder.open(endpoint(caller), endpoint(callee))
    count.open += 1
    relay(caller, callee, {
      through: (direction, sink) => {
        const rules = rulesFor(direction)
        const see = (chunk: Buffer): void => {
          bytes[direction] += chunk.length
          recording.see(direction, 'data', chunk)
        }
        const end = (): void => recording.see(direction, 'fin')
        return createFlow({ see, end, alteration: createAlteration(rules), delayMs: () => delayMs }, sink)
      },
      onClose: failure => {
        count.open -= 1
        if (failure) recording.see(failure.side === 'caller' ? 'to-callee' : 'to-caller', 'rst')
        recording.close()
      },
    })
  }

  const rulesFor = (direction: Direction) => {
    let seen = noRules
    let mine = noRules
    return (): AlterRule[] => {
      if (seen !== alterations) {
        seen = alterations
        mine = alterations.filter(rule => rule.direction === direction)
      }
      return mine
    }
  }

  const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, async caller => {
    track(caller)
    count.total += 1
    if (refusing) return reset(caller)
    try {
      const to = redirectedTo ?? target()
      // asked now: a socket that has closed has no addresses any more
      const header = options.tellsCaller && to !== redirectedTo ? headerFor(ownEndpoint(caller), caller) : undefined
      const callee = await dial(to, header ? undefined : caller.remoteAddress, track)
      if (caller.destroyed || callee.destroyed) throw new Error('cut while connecting')
      if (header) callee.write(header)
      join(caller, callee)
    } catch {
      // A connection already accepted cannot be refused any more: a reset is the nearest.
      count.failed += 1
      reset(caller)
    }
  })
  const { host: at = '127.0.0.1', port: wanted = 0 } = options.listen ?? {}
  server.maxConnections = mostConnections
  server.listen({ host: at, port: wanted })
  await once(server, 'listening').catch((cause: NodeJS.ErrnoException) => {
    const where = { field: `tap ${link}`, expected: `${at}:${wanted} free`, found: cause.code }
    throw new HopError('tap-not-listening', { ...where, cause })
  })
  const { address: host, port } = server.address() as AddressInfo
  const address = { host, port, ...options.reachedAs }

  const cut: Tap['cut'] = ({ refuse = false } = {}) => {
    refusing ||= refuse
    const open = count.open
    for (const socket of sockets) reset(socket)
    return open
  }
  return {
    link,
    address,
    state: () => ({
      ...{ link, address, target: target(), connections: { ...count }, bytes: { ...bytes } },
      ...{ recorded: recorder.state(), refusing, delayMs, redirectedTo, alterations },
    }),
    connections: recorder.connections,
    find: wanted => findBytes(recorder.connections(), wanted),
    alter(request) {
      const rule = createRule(request)
      alterations = [...alterations, rule]
      return rule
    },
    cut,
    delay(ms) {
      delayMs = ms
    },
    redirect(to) {
      redirectedTo = to
    },
    restore() {
      alterations = noRules
      refusing = false
      delayMs = 0
      redirectedTo = undefined
    },
    reset: recorder.reset,
    capture: keyLog => writePcapng(packetsOf(recorder.connections()), keyLog),
    async close() {
      const closed = once(server, 'close')
      server.close()
      cut({ refuse: true })
      await closed
    },
  }
}

const endpoint = (socket: Socket): Address => ({
  host: socket.remoteAddress ?? '0.0.0.0',
  port: socket.remotePort ?? 0,
})
