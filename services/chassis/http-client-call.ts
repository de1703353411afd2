import { Readable } from 'node:stream'
import { type Dispatcher, errors } from 'undici'
import type { CallWatch } from './call-watch.ts'
import { type RequestHead, requestHead } from './http-client-request.ts'

/** Ms a call may wait for the head of its answer, and for each next part of its body. 0: for ever. */
export type CallTimeouts = { headersMs: number; bodyMs: number }

/** What a call needs of the connection it is on. */
export type Carrier = { readonly socket: { pause(): unknown; resume(): unknown }; cut(reason: Error): void }

/** One request with its handler, and what the handler can do about it. One object, so that a call costs no closures. */
export class HttpCall implements Dispatcher.DispatchController {
  readonly method: string
  readonly head: RequestHead
  readonly body: Dispatcher.DispatchOptions['body']
  readonly handler: Dispatcher.DispatchHandler
  readonly headersMs: number
  readonly bodyMs: number
  /** Whoever asked for the call wants to know where its time goes. */
  readonly watch: CallWatch | undefined
  /** The connection it is on, from the moment it is sent until it is over. */
  connection: Carrier | undefined
  /** Tick by which a waiting call must have got a connection. */
  deadline = 0
  rawHeaders: string[] | null = null
  aborted = false
  paused = false
  reason: Error | null = null

  constructor(
    options: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
    host: string,
    timeouts: CallTimeouts,
  ) {
    this.method = options.method
    this.head = requestHead(options, host)
    this.body = options.body ?? null
    const length =
      this.body === null ? 0 : this.body instanceof Readable ? undefined : Buffer.byteLength(this.body as string)
    if (length !== undefined && (this.head.length ?? length) !== length)
      throw new errors.RequestContentLengthMismatchError()
    this.handler = handler
    this.watch = (options as { watch?: CallWatch }).watch
    this.headersMs = options.headersTimeout ?? timeouts.headersMs
    this.bodyMs = options.bodyTimeout ?? timeouts.bodyMs
  }

  /** Tells the handler that it is about to be sent, which may abort it. */
  start(): void {
    try {
      this.handler.onRequestStart?.(this, null)
    } catch (error) {
      this.abort(error as Error)
    }
    if (this.aborted) this.fail(this.reason!)
  }

  abort(reason?: Error): void {
    if (this.aborted) return
    this.aborted = true
    this.reason = reason ?? new errors.RequestAbortedError()
    this.connection?.cut(this.reason)
  }

  pause(): void {
    if (this.paused || !this.connection) return
    this.paused = true
    this.connection.socket.pause()
  }

  resume(): void {
    if (!this.paused) return
    this.paused = false
    this.connection?.socket.resume()
  }

  /** It is over, and not well; what is left of its body is not wanted. */
  fail(error: Error): void {
    if (this.body instanceof Readable) this.body.on('error', () => {}).destroy()
    this.refuse(error)
  }

  /** It was not taken on: nothing of it was touched, so it can be handed to somebody else. */
  refuse(error: Error): void {
    this.watch?.failed(error)
    this.handler.onResponseError?.(this, error)
  }
}
