import type { Server } from 'node:net'
import { HopError } from '../../pki/error.ts'
import type { Address } from './transport.ts'

/** Starts listening; resolves to where. Rejects with HopError `port-taken`, else with the system's error. */
export const bind = (server: Server, host: string, port: number): Promise<Address> =>
  new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(
        cause.code === 'EADDRINUSE'
          ? new HopError('port-taken', {
              field: 'port',
              expected: 'a free port',
              found: `${host}:${port} in use`,
              cause,
            })
          : cause,
      ),
    )
    server.listen(port, host, () => {
      const bound = server.address()
      if (bound === null || typeof bound === 'string') return reject(new Error('listener has no address'))
      resolve({ host: bound.address, port: bound.port })
    })
  })
