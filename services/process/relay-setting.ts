import { lookup } from 'node:dns/promises'
import { BlockList, isIP } from 'node:net'
import { HopError } from '../../pki/error.ts'
import type { IsRelay } from '../chassis/peers.ts'

/** How long a host name's addresses are taken to stay what they were, ms: a machine that comes back may have another. */
const resolvedForMs = 1_000

type Resolve = (name: string) => Promise<string[]>

const resolveName: Resolve = async name => (await lookup(name, { all: true })).map(({ address }) => address)

/**
 * Reads who the relay in front of a workload is: IP addresses, networks (`10.7.0.0/24`) and host names, parted by commas. A
 * name is asked for when somebody unknown connects, at most once a second; one that nobody knows is nobody's. Throws `usage`.
 */
export const readRelay = (
  text: string,
  field: string,
  { resolve = resolveName, now = () => performance.now() }: { resolve?: Resolve; now?: () => number } = {},
): IsRelay => {
  const known = new BlockList()
  const names: string[] = []
  for (const word of text.split(',').map(part => part.trim())) {
    const [, network = '', bits] = /^([\d.]+|[\da-f:.]*:[\da-f:.]*)(?:\/(\d{1,3}))?$/i.exec(word) ?? []
    const family = familyOf(network)
    if (family && bits === undefined) known.addAddress(network, family)
    else if (family && Number(bits) > 0 && Number(bits) <= mostBits[family])
      known.addSubnet(network, Number(bits), family)
    else if (/^(?=.*[a-z])[\w-]+(\.[\w-]+)*$/i.test(word)) names.push(word)
    else throw new HopError('usage', { field, expected: 'addresses, networks or host names', found: word || 'nothing' })
  }
  let resolved = new Set<string>()
  let asked: Promise<void> | undefined
  let askedAt = Number.NEGATIVE_INFINITY
  const ask = async () => {
    const found = await Promise.allSettled(names.map(resolve))
    resolved = new Set(found.flatMap(one => (one.status === 'fulfilled' ? one.value : [])))
  }
  return address => {
    const family = familyOf(address)
    if (!family) return false
    if (known.check(address, family)) return true
    if (names.length === 0) return false
    if (!asked || now() - askedAt >= resolvedForMs) {
      askedAt = now()
      asked = ask()
    }
    return asked.then(() => resolved.has(address))
  }
}

const mostBits = { ipv4: 32, ipv6: 128 }

const familyOf = (address: string): 'ipv4' | 'ipv6' | undefined =>
  ({ 4: 'ipv4' as const, 6: 'ipv6' as const })[isIP(address)]
