import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { listenerLimits } from '../../services/chassis/listener.ts'
import { createPublicClient, startTestLab } from '../support/lab.ts'
import { dialPlain } from './abuse-support.ts'

const fileLimit = (): number => {
  const soft = /Max open files\s+(\d+)/.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1]
  return soft === undefined ? 1024 : Number(soft)
}

test.skipIf(process.platform !== 'linux')(
  '10,000 idle connections: bounded, and who is connected notices nothing',
  async () => {
    const direct = await startTestLab({ wire: false })
    const kept = await createPublicClient(direct, 2)
    const idle = new Set<Socket>()
    try {
      expect((await kept.send()).status).toBe(201)
      // both ends are in this process
      const many = Math.min(10_000, Math.floor((fileLimit() - 500) / 2))
      let refused = 0
      const statuses: number[] = []
      // one by one: Node accepts one a turn, and what waits longer than its backlog the kernel tries again after a second
      for (let opened = 0; opened < many; opened++) {
        const socket = dialPlain(direct.access.edge)
        idle.add(socket)
        socket.once('close', () => {
          if (idle.delete(socket)) refused++
        })
        await new Promise(resolve => socket.once('connect', resolve).once('close', resolve))
        if (opened % 250 === 0) statuses.push((await kept.send()).status)
      }
      while (idle.size > listenerLimits.connections) await new Promise(setImmediate)
      expect(statuses.filter(status => status !== 201)).toEqual([])
      expect(refused).toBeGreaterThanOrEqual(many - listenerLimits.connections)
      const ends = [...idle].map(socket => once(socket.destroy(), 'close'))
      idle.clear()
      await Promise.all(ends)
      const fresh = await createPublicClient(direct, 1)
      expect((await fresh.send()).status).toBe(201)
      await fresh.close()
    } finally {
      for (const socket of idle) socket.destroy()
      await kept.close()
      await direct.close()
    }
  },
)
