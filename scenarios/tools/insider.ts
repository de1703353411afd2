import { internalServerName } from '../../services/chassis/connector.ts'
import { callerHeader } from '../../services/chassis/policy.ts'
import type { KeyPair } from '../../services/chassis/tls-options.ts'
import type { Address, Transport } from '../../services/chassis/transport.ts'
import { type Attempt, type AttemptOptions, attempt } from './attempt.ts'

/** A call from somewhere inside the network, past the taps, straight to the callee's own address. */
export type InsiderCall = {
  callee: string
  trustDomain: string
  address: Address
  transport: Transport
  /** Presented where the callee asks for a certificate. */
  pair?: KeyPair
  /** SPIFFE ID stated in the header by which callers name themselves. */
  statedCaller?: string
  method: string
  path: string
  body?: unknown
  headers?: Record<string, string>
  /** Server name to ask for, when not the callee's internal one; null: none. */
  serverName?: string | null
  from?: string | undefined
  /** A session ticket given out earlier, to take that session up again. */
  session?: Buffer
} & Pick<AttemptOptions, 'agent' | 'onTicket' | 'preface'>

/** Calls once, on a connection of its own unless an agent has one. An attacker does not check whom he talks to. */
export const callAsInsider = (call: InsiderCall): Promise<Attempt> => {
  const { callee, trustDomain, address, transport, pair, statedCaller, session, ...rest } = call
  const { serverName = internalServerName(callee, trustDomain) } = call
  const tls = {
    minVersion: 'TLSv1.3' as const,
    rejectUnauthorized: false,
    ...(serverName === null ? {} : { servername: serverName }),
    ...(pair ? { key: pair.key, cert: pair.chain } : {}),
    ...(session ? { session } : {}),
  }
  return attempt({
    ...rest,
    address,
    ...(transport === 'plaintext' ? {} : { tls }),
    headers: { ...(statedCaller === undefined ? {} : { [callerHeader]: statedCaller }), ...call.headers },
  })
}
