import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Address } from '../../services/chassis/transport.ts'
import type { Question } from './members.ts'
import type { Vitals } from './vitals.ts'

type Asked = Question extends infer One ? (One extends { id: number } ? Omit<One, 'id'> : never) : never

/** The workloads' process, as the driver sees it. */
export type MembersChild = {
  addresses: Record<string, Address>
  join(control: Address, tokens: Record<string, string>): Promise<unknown>
  vitals(): Promise<Vitals>
  /** Open connections whose peer none of these CAs (key identifiers) vouches for. */
  strangers(issuers: string[]): Promise<string[]>
  close(): Promise<void>
}

/** Starts it and every listener in it; nobody has joined yet. */
export const startMembersChild = async (bundle: string[]): Promise<MembersChild> => {
  const child = fork(fileURLToPath(new URL('./members.ts', import.meta.url)), {
    execArgv: ['--expose-gc'],
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
  })
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  let asked = 0
  child.on('message', ({ id, value, error }: { id: number; value: unknown; error?: string }) => {
    const question = waiting.get(id)
    waiting.delete(id)
    if (error === undefined) question?.resolve(value)
    else question?.reject(new Error(`the workloads: ${error}`))
  })
  child.once('exit', (code, signal) => {
    for (const question of waiting.values())
      question.reject(new Error(`the workloads' process ended: ${code ?? signal}`))
    waiting.clear()
  })
  const ask = <T>(question: Asked): Promise<T> => {
    const id = ++asked
    const answered = Promise.withResolvers<unknown>()
    waiting.set(id, answered)
    child.send({ ...question, id })
    return answered.promise as Promise<T>
  }
  const exited = once(child, 'exit')
  return {
    addresses: await ask<Record<string, Address>>({ ask: 'start', bundle }),
    join: (control, tokens) => ask({ ask: 'join', control, tokens }),
    vitals: () => ask({ ask: 'vitals' }),
    strangers: issuers => ask({ ask: 'strangers', issuers }),
    async close() {
      ask({ ask: 'close' }).catch(() => {})
      const timer = setTimeout(() => child.kill('SIGKILL'), 8000)
      await exited
      clearTimeout(timer)
    },
  }
}
