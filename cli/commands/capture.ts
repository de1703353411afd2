import { closeSync, openSync, writeSync } from 'node:fs'
import { HopError } from '../../pki/error.ts'
import { withKeyLogs } from '../../scenarios/flows/key-logs.ts'
import { freshWire } from '../../scenarios/flows/wire.ts'
import { followRequest } from '../../scenarios/follow.ts'
import type { LabClient } from '../../scenarios/lab-client.ts'
import type { Recorded } from '../../scenarios/tap-client.ts'
import { visibleIn } from '../../scenarios/tools/visible.ts'
import { linkIds } from '../../services/hops.ts'
import { choose } from '../choice.ts'
import { type Context, withLab } from '../command.ts'
import { exit } from '../exit.ts'
import { renderCapture } from '../render/capture.ts'

type CaptureWords = { output?: string; withKeys?: boolean; request?: boolean }

/** Writes what passed on a link as a pcapng file: one request on new connections, or with `--no-request` what is recorded already. */
export const capture = (context: Context, word: string, words: CaptureWords): Promise<number> =>
  withLab(context, async lab => {
    const { screen } = context
    const link = choose('link', word, linkIds(lab.topology))
    const path = words.output ?? `${link.replaceAll(/[^\w.-]/g, '-')}.pcapng`
    if (path === '-' && process.stdout.isTTY)
      throw new HopError('usage', { field: '--output', expected: 'a file or a pipe', found: 'a terminal' })
    if (words.withKeys && words.request === false)
      throw new HopError('usage', {
        field: '--with-keys',
        expected: 'new connections, whose keys can still be learnt',
        found: '--no-request',
      })
    const secrets = words.request === false ? [] : await place(lab, link, words.withKeys === true)
    const recorded = await lab.wire(link).bytes()
    const keyLog = secrets.filter(line => opens(line, recorded))
    const connections = recorded.length
    const bytes = await lab.wire(link).capture(keyLog)
    if (path === '-') process.stdout.write(bytes)
    else write(path, bytes)
    const visible = {
      withoutKeys: visibleIn(recorded),
      withKeys: keyLog.length > 0 ? visibleIn(recorded, keyLog) : null,
    }
    const answer = { link, file: path, bytes: bytes.length, connections, keys: keyLog.length, visible }
    const told = () => renderCapture({ ...answer, asked: words.withKeys === true }, screen)
    if (path === '-') screen.aside(told())
    else screen.answer(answer, told)
    return exit.ok
  })

/** Is this NSS line of one of the connections? Its client random stands in their ClientHello; what opens others stays out of the file. */
const opens = (line: string, recorded: readonly Recorded[]): boolean => {
  const random = Buffer.from(line.split(/\s+/)[1] ?? '', 'hex')
  return random.length > 0 && recorded.some(({ bytes }) => bytes['to-callee'].includes(random))
}

/** One request on new connections; the session secrets its ends report, when asked for. */
const place = async (lab: LabClient, link: string, withKeys: boolean): Promise<string[]> => {
  const request = async () => {
    await freshWire(lab, [link])
    await followRequest(lab)
  }
  if (!withKeys) {
    await request()
    return []
  }
  const ends = link.split(':').filter(name => Object.hasOwn(lab.topology.workloads, name))
  const all = [...new Set([...ends, lab.topology.ingress.passthroughTo])]
  const { keyLogs } = await withKeyLogs(lab, all, request)
  return [...new Set(Object.values(keyLogs).flat())]
}

/** Readable to its owner only: it holds what was on the wire, and perhaps how to open it. */
const write = (path: string, bytes: Buffer): void => {
  try {
    const handle = openSync(path, 'w', 0o600)
    writeSync(handle, bytes)
    closeSync(handle)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new HopError('file-not-writable', {
      field: '--output',
      expected: 'a file that can be written',
      found: `${path} (${code})`,
      cause,
    })
  }
}
