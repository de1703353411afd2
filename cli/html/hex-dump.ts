const perLine = 16
const mostBytes = 4096

/** Bytes as `00000000  47 45 54 20 …  GET …`, sixteen a line; no more than 4096 of them. `hex`: two digits a byte. */
export const hexDump = (hex: string): string => {
  const bytes = Buffer.from(hex, 'hex')
  const lines: string[] = []
  for (let at = 0; at < Math.min(bytes.length, mostBytes); at += perLine)
    lines.push(line(at, bytes.subarray(at, at + perLine)))
  return bytes.length > mostBytes ? [...lines, `… ${bytes.length - mostBytes} bytes more`].join('\n') : lines.join('\n')
}

const line = (at: number, bytes: Buffer): string => {
  const digits = [...bytes].map(byte => byte.toString(16).padStart(2, '0')).join(' ')
  const text = bytes.toString('latin1').replaceAll(/[^\x20-\x7e]/g, '.')
  return `${at.toString(16).padStart(8, '0')}  ${digits.padEnd(3 * perLine - 1)}  ${text}`
}
