import { Readable } from 'node:stream'
import type { Request } from './program.ts'

/** Does a body follow this request's headers? HTTP/1.1 says so by framing, HTTP/2 by the END_STREAM flag. */
export const hasBody = (request: Request): boolean => {
  if ('stream' in request) return !request.stream.endAfterHeaders
  const { headers } = request
  const length = headers['content-length']
  return headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0')
}

/**
 * The request's body as a stream of its own, pulled as fast as its reader takes it. Destroying it leaves the request
 * and its connection alone, so that an upstream which fails in mid-body can still be answered for.
 */
export const bodyOf = (request: Request): Readable => {
  const body = new Readable({
    read: () => {
      request.resume()
    },
    destroy(error, done) {
      request.off('data', onData)
      request.off('end', onEnd)
      done(error)
    },
  })
  const onData = (chunk: Buffer) => {
    if (!body.push(chunk)) request.pause()
  }
  const onEnd = () => {
    body.push(null)
  }
  request.on('data', onData)
  request.on('end', onEnd)
  request.once('close', () => {
    if (!body.readableEnded && !request.readableEnded) body.destroy(new Error('the client went away in mid-body'))
  })
  request.pause()
  // whoever reads it judges its end; unread, an error would end the process
  body.on('error', () => {})
  return body
}
