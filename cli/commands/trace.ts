import { HopError } from '../../pki/error.ts'
import { readTrace } from '../../scenarios/request/trace.ts'
import { type Context, withLab } from '../command.ts'
import { exit } from '../exit.ts'
import { renderTrace } from '../render/trace.ts'

export type TraceWords = { attributes?: boolean }

/** One request's trace as a waterfall, by trace or request id. Fails where it is not well formed or somebody could not be asked. */
export const trace = async (context: Context, id: string, { attributes = false }: TraceWords): Promise<number> => {
  if (!/^[\w.-]{8,64}$/.test(id))
    throw new HopError('usage', {
      field: 'ID',
      expected: 'a trace id or a request id',
      found: JSON.stringify(id.slice(0, 100)),
    })
  return withLab(context, async lab => {
    const { screen } = context
    const found = await readTrace(lab, id)
    screen.answer(found, () => renderTrace(found, { ...screen, verbose: attributes }))
    return found.flaws.length > 0 || found.away.length > 0 ? exit.failed : exit.ok
  })
}
