import { randomUUID } from 'node:crypto'

/** What workloads were asked over their streams and have not answered yet. Each answer belongs to one question of one workload. */
export type Questions<Answer> = {
  /** Asks by `send`, which gets the question's id; resolves with the answer. Rejects with `late` after so many ms. */
  ask(name: string, send: (id: string) => void, timeoutMs: number, late: () => Error): Promise<Answer>
  /** False when nobody asked this workload under this id. */
  answered(name: string, id: string, answer: Answer): boolean
}

export const createQuestions = <Answer>(): Questions<Answer> => {
  const open = new Map<string, { name: string; answer: (answer: Answer) => void }>()
  return {
    async ask(name, send, timeoutMs, late) {
      const id = randomUUID()
      const { promise, resolve, reject } = Promise.withResolvers<Answer>()
      open.set(id, { name, answer: resolve })
      const timer = setTimeout(() => reject(late()), timeoutMs)
      send(id)
      try {
        return await promise
      } finally {
        clearTimeout(timer)
        open.delete(id)
      }
    },
    answered(name, id, answer) {
      const question = open.get(id)
      if (question?.name !== name) return false
      question.answer(answer)
      return true
    },
  }
}
