import type { Condition } from './lesson.ts'
import { lessonInvalid } from './markdown.ts'
import { predicates } from './predicates.ts'

/** A condition as it is written: a predicate's name, then its arguments, all of them known to it. Throws `lesson-invalid`. */
export const conditionIn = (file: string, at: number, text: string): Condition => {
  const [name = '', ...words] = text.split(' ')
  const predicate = Object.hasOwn(predicates, name) ? predicates[name] : undefined
  if (!predicate) throw lessonInvalid(file, at, `one of ${Object.keys(predicates).join(', ')}`, name)
  const args: Record<string, string> = {}
  for (const word of words) {
    const [, key = '', value = ''] = /^([a-z]+)=(.+)$/.exec(word) ?? []
    if (![...predicate.needs, ...predicate.takes].includes(key) || Object.hasOwn(args, key))
      throw lessonInvalid(file, at, `${[...predicate.needs, ...predicate.takes].join(', ')}, each once`, word)
    args[key] = value
  }
  const missing = predicate.needs.find(key => !Object.hasOwn(args, key))
  if (missing !== undefined) throw lessonInvalid(file, at, `${missing}=…`, text)
  return { text, name, args }
}
