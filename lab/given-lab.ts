import { readFileSync } from 'node:fs'
import * as v from 'valibot'
import { HopError } from '../pki/error.ts'
import { readGiven } from '../services/process/secret-files.ts'
import type { LabAccess } from './embedded.ts'
import { version } from './version.ts'

/** A lab that runs elsewhere, as somebody described it: no process of this machine, and its beginning is not known here. */
export type GivenLab = { version: string; pid: null; startedAt: null; access: LabAccess }

const url = v.pipe(v.string(), v.regex(/^http:\/\/[\w.-]+:\d{1,5}$/, 'a URL such as http://operator:7080'))
const address = v.strictObject({
  host: v.pipe(v.string(), v.regex(/^[\w.:-]{1,253}$/, 'a host name or address')),
  port: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535)),
})
const shape = v.strictObject({
  operator: url,
  wire: v.nullable(url),
  tokenFile: v.string(),
  control: address,
  edge: address,
  redirect: address,
})

/**
 * Reads the description of a lab whose parts are machines of their own (`HOP_LAB`): where everything is, and the file that
 * holds the operator's token. The token goes over the network as it is, so the network has to be the operator's alone.
 * Throws `given-lab-unreadable`, `file-unreadable`.
 */
export const readGivenLab = (path: string): GivenLab => {
  const { tokenFile, ...places } = described(path)
  const token = readGiven(tokenFile, 'the token of the operator')
  return { version, pid: null, startedAt: null, access: { ...places, token } }
}

const described = (path: string): v.InferOutput<typeof shape> => {
  try {
    return v.parse(shape, JSON.parse(readFileSync(path, 'utf8')))
  } catch (cause) {
    const [issue] = v.isValiError(cause) ? cause.issues : []
    const place = issue && v.getDotPath(issue)
    throw new HopError('given-lab-unreadable', {
      field: `HOP_LAB: ${path}${place ? `: ${place}` : ''}`,
      expected: issue?.message ?? 'the description of a lab',
      // what cannot be parsed is not quoted: it may be the token, named by mistake
      found:
        cause instanceof SyntaxError ? 'no JSON' : ((cause as NodeJS.ErrnoException).code ?? (cause as Error).message),
      remedy: 'It says where operator, wire, tokenFile, control, edge and redirect are',
      cause,
    })
  }
}
