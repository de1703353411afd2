import { HopError } from '../../pki/error.ts'
import type { Direction } from '../chassis/relay.ts'
import type { RecordedConnection } from './recording.ts'

/** Evidence: where the bytes stood on the wire, and what stood around them. */
export type Finding = {
  connection: number
  direction: Direction
  /** Bytes from the start of the connection in this direction. */
  offset: number
  /** ms since the epoch, when the last of the bytes passed. */
  at: number
  /** The bytes and up to 24 on each side; in `text`, what is not printable ASCII is a dot. */
  hex: string
  text: string
}

/** All occurrences are counted, the first ones described. `searched`: bytes looked at, so that "not found" says where. */
export type Findings = { count: number; searched: number; findings: Finding[] }

const around = 24
const maxDescribed = 20
const directions: Direction[] = ['to-callee', 'to-caller']

/** Looks for bytes in everything recorded, per connection and direction, across the borders of chunks. */
export const findBytes = (connections: RecordedConnection[], wanted: Buffer): Findings => {
  if (wanted.length === 0) throw new HopError('bytes-empty', { field: 'find', expected: 'at least one byte' })
  const result: Findings = { count: 0, searched: 0, findings: [] }
  for (const connection of connections) {
    for (const direction of directions) {
      const stream = streamOf(connection, direction)
      result.searched += stream.length
      for (let at = stream.indexOf(wanted); at >= 0; at = stream.indexOf(wanted, at + wanted.length)) {
        result.count += 1
        if (result.findings.length < maxDescribed) {
          result.findings.push(describe(connection, direction, stream, at, wanted.length))
        }
      }
    }
  }
  return result
}

/** What is held of one direction of a connection, as one piece. */
export const streamOf = (connection: RecordedConnection, direction: Direction): Buffer =>
  Buffer.concat(connection.events.filter(event => event.direction === direction).map(event => event.bytes))

const describe = (
  connection: RecordedConnection,
  direction: Direction,
  stream: Buffer,
  at: number,
  length: number,
): Finding => {
  const excerpt = stream.subarray(Math.max(0, at - around), at + length + around)
  return {
    connection: connection.id,
    direction,
    offset: connection.forgotten[direction] + at,
    at: timeOf(connection, direction, at + length),
    hex: excerpt.toString('hex'),
    text: excerpt.toString('latin1').replace(/[^\x20-\x7e]/g, '.'),
  }
}

const timeOf = (connection: RecordedConnection, direction: Direction, end: number): number => {
  let passed = 0
  for (const event of connection.events) {
    if (event.direction === direction) passed += event.bytes.length
    if (passed >= end) return event.at
  }
  return connection.openedAt
}
