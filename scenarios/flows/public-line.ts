import type { Address } from '../../services/chassis/transport.ts'
import { usualHopsOf } from '../../services/hops.ts'
import { concrete, hasBody } from '../../services/topology/calls.ts'
import type { LabClient } from '../lab-client.ts'
import { random } from '../tools/canary.ts'
import { type Dial, dialRaw, failureIn, oneAnswer, statusesIn } from '../tools/raw.ts'
import { freshAddress } from '../tools/source.ts'
import { bytesOf, doorOf, type RawRequest } from './door.ts'

/** What a client got for one request, and the path by which its records are found. */
export type Got = { method: string; path: string; status: number; failure?: string }

/** One client of the public name on one connection, writing its header lines as it likes. */
export type PublicLine = {
  /** An address that is nobody else's; undefined where the system has none to choose. */
  from: string | undefined
  /** A fresh honest request with a body where one is allowed. */
  honest(): RawRequest
  /** A fresh request without a body, where one is allowed: cheap to send often. */
  light(): RawRequest
  send(request: RawRequest, ...headerLines: string[]): Promise<Got>
  close(): void | Promise<void>
}

/** Opens a line to whoever ends the client's TLS, from an address of its own; or by way of another address. Throws where nobody answers. */
export const openPublicLine = async (lab: LabClient, by?: Address): Promise<PublicLine> => {
  const { topology } = lab
  const { mode } = await lab.state()
  const door = await doorOf(lab, usualHopsOf(topology, mode)[0]!)
  const { raw, from } = await dialled({ ...door.dial, ...(by && { address: by }) })
  const plain = topology.ingress.allow.find(allowed => !hasBody(allowed))
  return {
    from,
    honest: door.honest,
    light: () =>
      plain
        ? { method: plain.method, target: fresh(plain.path), lines: [`Host: ${door.host}`], body: '' }
        : door.honest(),
    async send(request, ...headerLines) {
      const { text } = await raw.ask(bytesOf(request, ...headerLines), oneAnswer)
      const failure = failureIn(text)
      const about = { method: request.method, path: request.target.split('?')[0]! }
      return { ...about, status: statusesIn(text).at(-1) ?? 0, ...(failure === undefined ? {} : { failure }) }
    },
    close: raw.close,
  }
}

/** A path that the pattern allows and nobody has asked for before. */
const fresh = (pattern: string): string =>
  pattern.endsWith('/*') ? `${pattern.slice(0, -1)}${random('abcdefghijkmnpqrstuvwxyz', 12)}` : concrete(pattern)

const dialled = async (dial: Dial) => {
  const from = freshAddress(dial.address)
  const own = from === undefined ? undefined : await dialRaw({ ...dial, from })
  if (own?.raw) return { raw: own.raw, from }
  const { raw, failure } = await dialRaw(dial)
  if (raw) return { raw, from: undefined }
  throw new Error(`no connection to the public name: ${failure.name} (${failure.code})`)
}
