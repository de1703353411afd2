import { type buildConnector, Dispatcher, errors } from 'undici'
import { HopError } from '../../pki/error.ts'
import { type CallTimeouts, HttpCall } from './http-client-call.ts'
import { type ConnectionOwner, HttpConnection } from './http-client-connection.ts'
import type { Address } from './transport.ts'

export type HttpPoolOptions = CallTimeouts & {
  address: Address
  /** Decides about TLS too: it is asked for `https:` where `secure`, and gives a connection whose callee was judged. */
  connect: buildConnector.connector
  secure: boolean
  connections: number
  /** Calls that may wait for a connection; one more is refused. */
  waiting: number
  idleMs: number
}

/** How often deadlines are looked at, in ms: one timer for a pool instead of two for each call. */
const tickMs = 100

// a callee that announces how long it keeps a connection may count from a little earlier than we do
const keepMarginMs = 1_000

const overfull = () => new HopError('no-upstream', { message: 'too many requests wait for this upstream' })
const waitedInVain = () => new HopError('no-upstream', { message: 'no connection to the upstream became free in time' })

/**
 * HTTP/1.1 to one callee, strictly, over connections that are used last in, first out. Speaks undici's interface, so that
 * undici's conveniences (`request`) work on it and one handler serves both.
 */
export class HttpPool extends Dispatcher implements ConnectionOwner {
  private readonly options: HttpPoolOptions
  private readonly host: string
  private readonly open = new Set<HttpConnection>()
  private readonly idle: HttpConnection[] = []
  private readonly waiting: HttpCall[] = []
  private readonly ended = Promise.withResolvers<void>()
  private opening = 0
  private state: 'open' | 'closed' | 'destroyed' = 'open'
  private ticks = 0
  private timer: NodeJS.Timeout | undefined

  constructor(options: HttpPoolOptions) {
    super()
    const { host, port } = options.address
    this.options = options
    this.host = `${host.includes(':') ? `[${host}]` : host}:${port}`
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const call = new HttpCall(options, handler, this.host, this.options)
    if (this.state === 'closed') call.refuse(new errors.ClientClosedError())
    else if (this.state === 'destroyed') call.refuse(new errors.ClientDestroyedError())
    else {
      const connection = this.takeIdle()
      if (connection) connection.send(call)
      else this.enqueue(call)
    }
    return this.waiting.length === 0
  }

  /** What was handed over is done; then the connections are closed. Resolves when the last one is. */
  override close(callback?: () => void): Promise<void> {
    if (this.state === 'open') this.state = 'closed'
    for (const connection of [...this.idle]) connection.close()
    this.settle()
    return this.whenEnded(callback)
  }

  override destroy(...given: unknown[]): Promise<void> {
    this.state = 'destroyed'
    const error = given[0] instanceof Error ? given[0] : new errors.ClientDestroyedError()
    for (const call of this.waiting.splice(0)) call.fail(error)
    for (const connection of [...this.open]) connection.cut(error)
    this.settle()
    return this.whenEnded(given.findLast(one => typeof one === 'function') as (() => void) | undefined)
  }

  deadline(ms: number): number {
    return ms === 0 ? 0 : this.ticks + 1 + Math.ceil(ms / tickMs)
  }

  ready(connection: HttpConnection): void {
    const call = this.waiting.shift()
    if (call) return void connection.send(call)
    const idleMs = Math.min(this.options.idleMs, (connection.keepMs ?? Number.POSITIVE_INFINITY) - keepMarginMs)
    if (this.state !== 'open' || idleMs <= 0) return void connection.close()
    connection.deadline = this.deadline(idleMs)
    this.idle.push(connection)
  }

  gone(connection: HttpConnection): void {
    const at = this.idle.indexOf(connection)
    if (at >= 0) this.idle.splice(at, 1)
  }

  closed(connection: HttpConnection): void {
    this.open.delete(connection)
    this.connectAsNeeded()
    this.settle()
  }

  private takeIdle(): HttpConnection | undefined {
    for (let connection = this.idle.pop(); connection; connection = this.idle.pop()) {
      if (connection.usable) return connection
      connection.close()
    }
    return undefined
  }

  private enqueue(call: HttpCall): void {
    if (this.waiting.length >= this.options.waiting) return void call.fail(overfull())
    call.deadline = this.deadline(call.headersMs)
    this.waiting.push(call)
    this.connectAsNeeded()
  }

  private connectAsNeeded(): void {
    const { connections } = this.options
    while (this.opening < this.waiting.length && this.open.size + this.opening < connections) this.dial()
  }

  private dial(): void {
    const { address, secure, connect } = this.options
    this.opening++
    this.timer ??= setInterval(() => this.tick(), tickMs).unref()
    connect(
      {
        hostname: address.host,
        host: this.host,
        protocol: secure ? 'https:' : 'http:',
        port: String(address.port),
      },
      (error, socket) => {
        this.opening--
        if (!socket) this.waiting.shift()?.fail(error ?? new errors.SocketError('no connection'))
        else if (this.state === 'destroyed') socket.destroy()
        else {
          const connection = new HttpConnection(socket, this)
          this.open.add(connection)
          this.ready(connection)
        }
        this.connectAsNeeded()
        this.settle()
      },
    )
  }

  private tick(): void {
    const now = ++this.ticks
    for (const connection of this.open) if (connection.deadline !== 0 && connection.deadline <= now) connection.expire()
    for (const call of this.waiting.filter(({ deadline }) => deadline !== 0 && deadline <= now)) {
      const at = this.waiting.indexOf(call)
      if (at < 0) continue
      this.waiting.splice(at, 1)
      call.fail(waitedInVain())
    }
    this.settle()
  }

  private settle(): void {
    if (this.open.size > 0 || this.waiting.length > 0) return
    if (this.opening === 0) {
      clearInterval(this.timer)
      this.timer = undefined
    }
    if (this.state !== 'open') this.ended.resolve()
  }

  private async whenEnded(callback: (() => void) | undefined): Promise<void> {
    await this.ended.promise
    callback?.()
  }
}
