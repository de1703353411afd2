import type { Events } from './events.ts'
import type { Choice, Condition, Lesson, Step } from './lesson.ts'
import { type Judgement, predicates } from './predicates.ts'

export const judgeCondition = (events: Events, { name, args }: Condition): Judgement =>
  predicates[name]!.judge(events, args)

/** All of a step's conditions together: done because it happened. */
export const judgeStep = (events: Events, { conditions }: Pick<Step, 'conditions'>): Judgement => {
  const judged = conditions.map(condition => judgeCondition(events, condition))
  const missing = judged.filter(({ holds }) => !holds)
  const told = missing.length > 0 ? missing : judged
  return { holds: missing.length === 0, saw: told.map(({ saw }) => saw).join('; ') }
}

/** Which of the choices about this step came true. A lesson is written so that it is one. */
export const cameTrue = (events: Events, { predict }: Pick<Lesson, 'predict'>, step: number): Choice[] =>
  predict.choices.filter(choice => choice.step === step && judgeCondition(events, choice.condition).holds)

/** Do its conditions, or the choices that are decided by it, read the wire? */
export const readsWire = ({ predict }: Pick<Lesson, 'predict'>, { number, conditions }: Step): boolean =>
  [...conditions, ...predict.choices.filter(({ step }) => step === number).map(({ condition }) => condition)].some(
    ({ name }) => predicates[name]!.wire,
  )
