import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { HopError } from '../../pki/error.ts'

/** Who hears of a request body on its way out. */
export type UploadEvents = {
  onUploadProgress(): void
  onUploadEnd(): void
  /** The body cannot be sent as it was announced; the connection is of no more use. */
  onUploadError(error: Error): void
}

const cut = new HopError('client-gone', { message: 'the body of the request broke off' })
const wrongLength = new HopError('client-gone', { message: 'the body of the request has not the length it announced' })

/**
 * Streams a request's body to a socket, behind its head, held back while the socket takes no more. `length` undefined:
 * in chunks. A body that breaks off or has another length is never completed.
 */
export class Upload {
  private readonly socket: Socket
  private readonly body: Readable
  private readonly events: UploadEvents
  private head: string
  private left: number | undefined
  private over = false

  constructor(socket: Socket, head: string, body: Readable, length: number | undefined, events: UploadEvents) {
    this.socket = socket
    this.body = body
    this.events = events
    this.head = head
    this.left = length
    body.on('data', this.onData)
    body.on('end', this.onEnd)
    body.on('error', this.onCut)
    body.on('close', this.onCut)
    if (body.destroyed && !body.readableEnded) process.nextTick(this.onCut)
    // the head waits for a first part that is there already, and for no other
    setImmediate(this.sendHead)
  }

  /** Sends nothing more; the body is destroyed, unless all of it was sent. */
  stop(): void {
    if (this.over) return
    this.over = true
    this.detach()
    this.body.on('error', () => {})
    this.body.destroy()
  }

  private readonly sendHead = (): void => {
    if (this.over || this.head === '') return
    this.socket.write(this.head, 'latin1')
    this.head = ''
  }

  private readonly onData = (given: Buffer | string): void => {
    const part = typeof given === 'string' ? Buffer.from(given) : given
    if (part.length === 0) return
    if (this.left !== undefined) {
      if (part.length > this.left) return void this.fail(wrongLength)
      this.left -= part.length
    }
    const { socket } = this
    socket.cork()
    this.sendHead()
    let more: boolean
    if (this.left === undefined) {
      socket.write(`${part.length.toString(16)}\r\n`, 'latin1')
      socket.write(part)
      more = socket.write('\r\n', 'latin1')
    } else more = socket.write(part)
    socket.uncork()
    this.events.onUploadProgress()
    if (more || this.over) return
    this.body.pause()
    socket.once('drain', this.onDrain)
  }

  private readonly onDrain = (): void => {
    this.events.onUploadProgress()
    this.body.resume()
  }

  private readonly onEnd = (): void => {
    if (this.left !== undefined && this.left > 0) return void this.fail(wrongLength)
    this.sendHead()
    this.over = true
    this.detach()
    if (this.left === undefined) this.socket.write('0\r\n\r\n', 'latin1')
    this.events.onUploadEnd()
  }

  private readonly onCut = (error?: Error): void => {
    if (!this.over) this.fail(error ?? cut)
  }

  private fail(error: Error): void {
    this.stop()
    this.events.onUploadError(error)
  }

  private detach(): void {
    const { body } = this
    body.off('data', this.onData)
    body.off('end', this.onEnd)
    body.off('error', this.onCut)
    body.off('close', this.onCut)
    this.socket.off('drain', this.onDrain)
  }
}
