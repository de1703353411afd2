import { createWriteStream, openSync, renameSync, statSync, type WriteStream } from 'node:fs'
import type { DestinationStream } from 'pino'
import { prepareStateFile } from '../services/control/state/state-dir.ts'

export type LogFile = DestinationStream & { path: string; close(): Promise<void> }

/** Bytes after which the file becomes `lab.log.1`, replacing the one before. */
const most = 10 * 1024 * 1024
/** Bytes that may wait for the disk; more is dropped, the lab is not held up. */
const mostWaiting = 1024 * 1024

/** The lab's log in its state directory (0600). `also` gets every line too. Throws as {@link prepareStateFile}. */
export const openLogFile = (stateDir: string, also?: NodeJS.WritableStream, limit = most): LogFile => {
  const path = prepareStateFile(stateDir, 'lab.log')
  let size = statSync(path).size
  let stream = append(path)

  const rotate = () => {
    stream.end()
    renameSync(path, `${path}.1`)
    stream = append(path)
    size = 0
  }

  return {
    path,
    write(line) {
      also?.write(line)
      if (stream.writableLength > mostWaiting) return
      if (size >= limit) rotate()
      size += Buffer.byteLength(line)
      stream.write(line)
    },
    close: () => new Promise(resolve => stream.end(() => resolve())),
  }
}

/** Opened at once, so that it can be renamed. A full disk must not end the lab. */
const append = (path: string): WriteStream =>
  createWriteStream(path, { fd: openSync(path, 'a', 0o600) }).on('error', () => {})
