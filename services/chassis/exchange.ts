import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import { HopError } from '../../pki/error.ts'
import { breakOff, endWhole, flush, sendEarlyHints, sendHead } from './answer.ts'
import { forwardFailure, statusOf } from './answer-status.ts'
import { type CallWatch, watchCall } from './call-watch.ts'
import { copyResponseHeaders, trailersOf } from './headers.ts'
import { sendProblem } from './problem.ts'
import type { Request, RequestContext, Response, Upstream } from './program.ts'
import { bodyOf, hasBody } from './request-body.ts'
import { requestHeaders } from './request-headers.ts'
import { mayRetry } from './retry.ts'

/** What one hop adds to every exchange; see `forward.ts`. */
export type HopSettings = {
  via: string
  headersMs: number | undefined
  bodyMs: number | undefined
  /** Raw pairs set on every answer, whatever the upstream says under these names. */
  answerHeaders: readonly string[]
}

/**
 * One request on its way through this hop: what the upstream's pool calls for it. A class, because one object per request
 * with shared methods costs a fraction of one closure per event.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly request: Request
  readonly response: Response
  readonly context: RequestContext
  readonly upstream: Upstream
  readonly settings: HopSettings
  body: Readable | null = null
  controller: Dispatcher.DispatchController | undefined
  watch: CallWatch | undefined
  /** The pool has begun to write the request. */
  started = false
  /** The first byte of an answer was read. */
  answered = false
  retried = false
  /** The response is ended, by us or by the client's going away: nothing may be written any more. */
  over = false
  /** The answer's headers until they are written. */
  head: string[] | undefined
  status = 0
  length = -1
  waiting = false

  constructor(
    request: Request,
    response: Response,
    context: RequestContext,
    upstream: Upstream,
    settings: HopSettings,
  ) {
    this.request = request
    this.response = response
    this.context = context
    this.upstream = upstream
    this.settings = settings
  }

  start(): void {
    this.response.on('close', () => this.clientClosed())
    if (hasBody(this.request)) this.body = bodyOf(this.request)
    this.dispatch()
  }

  dispatch(): void {
    const { request, context, upstream, settings } = this
    const watch = watchCall(context, upstream.spec(), request.method!, request.url!)
    this.watch = watch
    try {
      upstream.dispatcher().dispatch(
        {
          method: request.method as Dispatcher.HttpMethod,
          path: request.url!,
          headers: requestHeaders(
            request,
            context,
            upstream.callerHeaders(),
            settings.via,
            watch === undefined ? context.spanId : watch.record.spanId,
          ),
          watch,
          body: this.body,
          headersTimeout: settings.headersMs,
          bodyTimeout: settings.bodyMs,
        } as Dispatcher.DispatchOptions,
        this,
      )
    } catch (error) {
      this.fail(error)
    }
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller
    this.started = true
    if (this.over) controller.abort(clientGone)
  }

  onResponseStarted(): void {
    this.answered = true
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (status < 200) {
      if (status === 103) sendEarlyHints(this.request, this.response, headers.link)
      return
    }
    const coding = headers['transfer-encoding']
    const length = headers['content-length']
    // whatever dispatcher this is: framing told twice is not to be believed
    if (coding !== undefined && (coding.toLowerCase() !== 'chunked' || length !== undefined)) throw badResponse
    this.status = status
    this.length = length === undefined ? -1 : Number(length)
    const { context, settings } = this
    this.head = copyResponseHeaders(controller.rawHeaders as Buffer[], settings.answerHeaders, context.ingress)
    if (context.ingress) this.head.push('x-request-id', context.requestId)
    this.head.push('via', `1.1 ${settings.via}`)
    // headers wait for a body that came in the same packet, and for no other
    process.nextTick(flushHead, this)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.over) return
    const { response } = this
    if (this.head) {
      this.writeHead()
      if (chunk.length === this.length) {
        this.over = true
        endWhole(response, chunk)
        return
      }
    }
    if ((response.write as (chunk: Buffer) => boolean)(chunk)) return
    controller.pause()
    if (this.waiting) return
    this.waiting = true
    response.on('drain', () => controller.resume())
  }

  onResponseEnd(_controller: Dispatcher.DispatchController, trailers: IncomingHttpHeaders): void {
    if (this.over) return
    if (this.head) this.writeHead()
    this.over = true
    for (const _ in trailers) {
      this.response.addTrailers(trailersOf(trailers))
      break
    }
    this.response.end()
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.over) return
    if (mayRetry(this, error)) {
      this.retried = true
      if (!this.started) this.forget()
      this.started = false
      this.dispatch()
    } else this.fail(error)
  }

  /** Nothing was tried: its pool was swapped away before. */
  forget(): void {
    const { calls } = this.context
    const at = this.watch ? calls.indexOf(this.watch.record) : -1
    if (at >= 0) calls.splice(at, 1)
  }

  writeHead(): void {
    const head = this.head!
    this.head = undefined
    sendHead(this.response, this.status, head)
  }

  fail(error: unknown): void {
    if (this.over) return
    this.over = true
    const { name, code } = forwardFailure(error)
    this.context.failure = { name, code }
    if (this.response.headersSent || name === 'client-gone') breakOff(this.response)
    else {
      const problem = { ...statusOf(name), name, requestId: this.context.requestId }
      sendProblem(this.response, problem, this.settings.answerHeaders)
    }
  }

  clientClosed(): void {
    if (this.over) return
    this.over = true
    this.context.failure = { name: 'client-gone', code: 'client-gone' }
    this.controller?.abort(clientGone)
    this.body?.destroy()
  }
}

const clientGone = new HopError('client-gone', { message: 'the caller went away before the answer' })
const badResponse = new HopError('bad-response', {
  message: 'the callee framed its answer in a way nobody can rely on',
})

const flushHead = (exchange: Exchange): void => {
  if (exchange.over || !exchange.head) return
  try {
    exchange.writeHead()
    flush(exchange.response)
  } catch (error) {
    exchange.controller?.abort(error as Error)
  }
}
