import { isIP, isIPv4 } from 'node:net'
import { HopError } from '../../pki/error.ts'

/** An IP literal in network order: 4 bytes for IPv4, 16 for IPv6 (a zone such as `%lo` is dropped). */
export const ipBytes = (text: string): Buffer => {
  const literal = text.replace(/%.*$/, '')
  if (isIPv4(literal)) return Buffer.from(literal.split('.').map(Number))
  if (isIP(literal) === 0) {
    throw new HopError('address-invalid', { field: 'address', expected: 'an IP literal', found: JSON.stringify(text) })
  }
  const dotted = /[^:]+\.[^:]+$/.exec(literal)?.[0]
  const tail = dotted
    ? ipBytes(dotted)
        .toString('hex')
        .replace(/(....)(....)/, '$1:$2')
    : ''
  const [left = '', right] = (dotted ? literal.slice(0, -dotted.length) + tail : literal).split('::')
  const before = left === '' ? [] : left.split(':')
  const after = right ? right.split(':') : []
  const zeros = new Array<string>(8 - before.length - after.length).fill('0')
  return Buffer.from([...before, ...zeros, ...after].map(group => group.padStart(4, '0')).join(''), 'hex')
}

/** The reverse of {@link ipBytes}; IPv6 comes out uncompressed but for leading zeros. */
export const ipText = (bytes: Buffer): string =>
  bytes.length === 4
    ? bytes.join('.')
    : Array.from({ length: 8 }, (_, group) => bytes.readUInt16BE(group * 2).toString(16)).join(':')

/** An IPv4 address as IPv6 sees it (`::ffff:a.b.c.d`, RFC 4291 §2.5.5.2); 16 bytes stay as they are. */
export const asIpv6 = (bytes: Buffer): Buffer =>
  bytes.length === 16 ? bytes : Buffer.concat([Buffer.alloc(10), Buffer.from([0xff, 0xff]), bytes])
