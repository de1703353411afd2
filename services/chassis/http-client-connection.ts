import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { errors } from 'undici'
import { type Dialled, dialledOf } from './dialled.ts'
import type { HttpCall } from './http-client-call.ts'
import type { Fields, ResponseHead } from './http-client-head.ts'
import { type ResponseEvents, ResponseParser } from './http-client-parser.ts'
import { framing } from './http-client-request.ts'
import { Upload, type UploadEvents } from './http-client-upload.ts'

/** What a connection asks of the pool it belongs to. */
export type ConnectionOwner = {
  /** Tick in which something that may last `ms` ends. */
  deadline(ms: number): number
  /** It can take another call. */
  ready(connection: HttpConnection): void
  /** It takes no more calls. */
  gone(connection: HttpConnection): void
  closed(connection: HttpConnection): void
}

/** The connection ended under a call. `reused`: it had carried others, so the callee may simply have closed it as idle. */
export class ConnectionLost extends Error {
  readonly code = 'UND_ERR_SOCKET'
  readonly reused: boolean
  constructor(reused: boolean, cause: Error | undefined) {
    super('the callee closed the connection', cause ? { cause } : undefined)
    this.reused = reused
  }
}

/** One connection to a callee: one call at a time, and none after anything about it was not clean. */
export class HttpConnection implements ResponseEvents, UploadEvents {
  readonly socket: Socket
  /** Tick in which it is too late: for a byte of answer, or for another call. 0: never. */
  deadline = 0
  /** For how long the callee says it keeps the connection when idle, in ms. */
  keepMs: number | undefined
  private readonly owner: ConnectionOwner
  private readonly parser = new ResponseParser(this)
  private call: HttpCall | undefined
  private upload: Upload | undefined
  private head: ResponseHead | undefined
  private readonly dialled: Dialled | undefined
  private carried = 0
  private answered = 0
  private heard = false
  private failure: Error | undefined

  constructor(socket: Socket, owner: ConnectionOwner) {
    this.socket = socket
    this.owner = owner
    this.dialled = dialledOf(socket)
    socket.on('data', bytes => this.onBytes(bytes))
    socket.on('end', () => this.onFinished())
    socket.on('error', error => {
      this.failure = error
    })
    socket.on('close', () => {
      this.lose(this.failure)
      owner.closed(this)
    })
  }

  get usable(): boolean {
    return !this.socket.destroyed && this.socket.writable
  }

  send(call: HttpCall): void {
    const { body, head, method } = call
    call.start()
    if (call.aborted) return void this.owner.ready(this)
    this.call = call
    call.connection = this
    call.watch?.sent(this.dialled, ++this.carried)
    this.heard = false
    this.head = undefined
    this.deadline = this.owner.deadline(call.headersMs)
    this.parser.expect(method)
    if (body === null) {
      this.socket.write(head.text + framing(method, head.length ?? 'none'), 'latin1')
    } else if (body instanceof Readable) {
      this.upload = new Upload(this.socket, head.text + framing(method, head.length), body, head.length, this)
    } else {
      const bytes = Buffer.from(body as string | Uint8Array)
      this.socket.cork()
      this.socket.write(head.text + framing(method, bytes.length), 'latin1')
      this.socket.write(bytes)
      this.socket.uncork()
    }
  }

  /** Ends the connection, and with `error` the call on it. */
  cut(error: Error): void {
    const { call } = this
    this.close()
    call?.fail(error)
  }

  /** Ends the connection, on which there is no call. */
  close(): void {
    this.release()
    this.owner.gone(this)
    this.socket.destroy()
  }

  /** The deadline has passed. */
  expire(): void {
    const { call, head, upload } = this
    if (!call) this.close()
    else if (head && call.paused) this.deadline = this.owner.deadline(call.bodyMs)
    else if (head) this.cut(new errors.BodyTimeoutError())
    // a client that takes its time with its body is bounded where it was accepted
    else if (upload && !this.socket.writableNeedDrain) this.deadline = this.owner.deadline(call.headersMs)
    else this.cut(new errors.HeadersTimeoutError())
  }

  onHead(head: ResponseHead): void {
    const { call } = this
    if (!call) return
    call.rawHeaders = head.raw
    if (head.status >= 200) {
      this.head = head
      this.deadline = this.owner.deadline(call.bodyMs)
    }
    call.handler.onResponseStart?.(call, head.status, head.headers, head.reason)
  }

  onBody(bytes: Buffer): void {
    const { call } = this
    if (!call) return
    this.deadline = this.owner.deadline(call.bodyMs)
    call.handler.onResponseData?.(call, bytes)
  }

  onEnd(trailers: Fields, surplus: boolean): void {
    const { call, head, upload } = this
    if (!call || !head) return
    const reusable = head.persistent && !surplus && !upload && this.usable
    this.answered++
    this.keepMs = head.keepAliveMs
    if (reusable) this.release()
    else this.close()
    if (call.paused) this.socket.resume()
    call.watch?.over(head.status)
    call.handler.onResponseEnd?.(call, trailers)
    if (reusable) this.owner.ready(this)
  }

  onUploadProgress(): void {
    if (this.call && !this.head) this.deadline = this.owner.deadline(this.call.headersMs)
  }

  onUploadEnd(): void {
    this.upload = undefined
    this.onUploadProgress()
  }

  onUploadError(error: Error): void {
    this.upload = undefined
    this.cut(error)
  }

  private onBytes(bytes: Buffer): void {
    const { call } = this
    // nobody asked for these bytes: whatever they are, they must not answer the next call
    if (!call) return void this.close()
    try {
      if (!this.heard) {
        this.heard = true
        call.watch?.answered()
        call.handler.onResponseStarted?.()
      }
      this.parser.read(bytes)
    } catch (error) {
      const failed = this.call ?? call
      this.close()
      failed.fail(error as Error)
    }
  }

  private onFinished(): void {
    if (this.call && this.parser.endsHere()) this.onEnd(Object.create(null), false)
    else this.lose(undefined)
  }

  private lose(cause: Error | undefined): void {
    if (this.call) this.cut(new ConnectionLost(this.answered > 0, cause))
    else this.close()
  }

  // the call no longer belongs to this connection, nor this connection to the call
  private release(): void {
    if (this.call) this.call.connection = undefined
    this.call = undefined
    this.parser.stop()
    this.upload?.stop()
    this.upload = undefined
  }
}
