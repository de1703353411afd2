import { catalogue } from '../../scenarios/catalogue.ts'
import type { Context } from '../command.ts'
import { exit } from '../exit.ts'
import { table } from '../render/table.ts'

/** The catalogue. Needs no lab. */
export const scenarios = async ({ screen }: Context): Promise<number> => {
  const list = catalogue.map(({ id, title, guarantee, claims, per }) => ({ id, title, guarantee, claims, per }))
  screen.answer(list, () =>
    table(
      [{ title: 'scenario' }, { title: 'question', wrap: true }, { title: 'claims' }],
      list.map(({ id, title, claims }) => [screen.paint.strong(id), title, claims.join(' ')]),
      { width: screen.columns, dim: screen.paint.dim },
    ),
  )
  return exit.ok
}
