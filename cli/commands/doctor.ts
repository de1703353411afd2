import { examine } from '../../scenarios/doctor/examine.ts'
import { type Context, withLab } from '../command.ts'
import { exit } from '../exit.ts'
import { renderExamination } from '../render/doctor.ts'

export type DoctorWords = { strict?: boolean; probe?: boolean; notes?: boolean }

/** What is wrong with the lab, why, and what to do. Fails on an error; on a warning too with `--strict`. */
export const doctor = (
  context: Context,
  { strict = false, probe = true, notes = false }: DoctorWords,
): Promise<number> =>
  withLab(context, async lab => {
    const examination = await examine(lab, { probe })
    context.screen.answer(examination, () => renderExamination(examination, { ...context.screen, notes }))
    const { errors, warnings } = examination
    return errors > 0 || (strict && warnings > 0) ? exit.failed : exit.ok
  })
