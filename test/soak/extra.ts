import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:tls'
import type { KeyPair } from '../../services/chassis/tls-options.ts'
import type { Shop } from './shop.ts'
import { wrongAnswer } from './tally.ts'

/** A real certificate of `orders` in other hands. */
export type Stolen = KeyPair & { serial: string }

export const stolen = async (shop: Shop): Promise<Stolen> => {
  const pair = await shop.lab.credentials.stolenAnew('orders')
  return { ...pair, serial: new X509Certificate(pair.chain).serialNumber.toLowerCase() }
}

/** A connection to payments by a pair, on which one charge was answered; rejects when it was not. */
export const heldConnection = async (shop: Shop, { key, chain }: KeyPair) => {
  const { host, port } = shop.members.addresses.payments!
  const socket = connect({ host, port, key, cert: chain, rejectUnauthorized: false, minVersion: 'TLSv1.3' })
  let broken: unknown
  socket.on('error', error => {
    broken = error
  })
  const closed = new Promise<void>(resolve => socket.once('close', () => resolve()))
  const body = '{"card":"4000000000000002","amount":1}'
  socket.write(
    `POST /charges HTTP/1.1\r\nhost: payments\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  )
  const answered = once(socket, 'data').then(([data]) => String(data))
  answered.catch(() => {})
  const text = await Promise.race([answered, closed.then(() => '')])
  if (!text.startsWith('HTTP/1.1 201')) {
    socket.destroy()
    throw broken ?? wrongAnswer(0, text)
  }
  return {
    endedWithin: (ms: number): Promise<boolean> => {
      let timer: NodeJS.Timeout
      const late = new Promise<boolean>(resolve => {
        timer = setTimeout(() => resolve(false), ms)
      })
      return Promise.race([closed.then(() => true), late]).finally(() => clearTimeout(timer))
    },
    close: () => socket.destroy(),
  }
}
