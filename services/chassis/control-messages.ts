import { StringDecoder } from 'node:string_decoder'
import { HopError } from '../../pki/error.ts'
import type { ControlMessage } from './control-protocol.ts'

/** Longer than any order or list of revocations: what goes on beyond it, bytes, would fill our memory. */
const mostBytes = 8 * 1024 * 1024

/**
 * The messages of a stream, one JSON object a line. A line the stream ends in the middle of is none.
 * Throws `control-message-invalid` at the first that could not be obeyed or answered: whoever reads begins anew.
 */
export async function* readMessages(stream: AsyncIterable<Buffer>, most = mostBytes): AsyncGenerator<ControlMessage> {
  const decoder = new StringDecoder('utf8')
  let rest: string[] = []
  let length = 0
  for await (const chunk of stream) {
    const [first, ...others] = decoder.write(chunk).split('\n')
    rest.push(first!)
    length += first!.length
    for (const next of others) {
      const line = rest.join('')
      if (line !== '') yield messageOf(line)
      rest = [next]
      length = next.length
    }
    if (length > most) throw invalid(`a line of at most ${most} bytes`, `one of ${length} so far`)
  }
}

const messageOf = (line: string): ControlMessage => {
  const message = parsed(line)
  if (typeof message?.type !== 'string') throw invalid('an object with a type', line)
  // without a version there is nothing an answer could name
  if (message.type === 'desired' && !Number.isSafeInteger(message.desired?.version))
    throw invalid('a desired state with a version', line)
  if (message.type === 'trust' && !Number.isSafeInteger(message.version)) throw invalid('trust with a version', line)
  return message as ControlMessage
}

type Loose = { type?: unknown; version?: unknown; desired?: { version?: unknown } } | null

const parsed = (line: string): Loose => {
  try {
    return JSON.parse(line) as Loose
  } catch (cause) {
    throw invalid('JSON', line, cause)
  }
}

const invalid = (expected: string, found: string, cause?: unknown) =>
  new HopError('control-message-invalid', {
    field: 'message of the control plane',
    expected,
    found: JSON.stringify(found.slice(0, 80)),
    cause,
  })
