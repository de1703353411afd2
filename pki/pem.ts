/** DER as PEM with the given label, lines of 64, a newline at the end. */
export const toPem = (label: string, der: Uint8Array): string => {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}

/** The one PEM block a text consists of, or undefined when it is anything else: no block, two, text around, bad base64. */
export const fromPem = (label: string, text: string): Buffer | undefined => {
  const begin = `-----BEGIN ${label}-----`
  const end = `-----END ${label}-----`
  const trimmed = text.trim()
  if (!trimmed.startsWith(begin) || !trimmed.endsWith(end)) return undefined
  const base64 = trimmed.slice(begin.length, -end.length).replace(/[\r\n]/g, '')
  if (base64.length === 0 || base64.length % 4 || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return undefined
  return Buffer.from(base64, 'base64')
}

/** The certificates of a PEM text one by one: a bundle, a chain. */
export const splitPem = (text: string): string[] =>
  (text.match(/-----BEGIN [A-Z0-9 ]+-----[^-]+-----END [A-Z0-9 ]+-----/g) ?? []).map(block => `${block}\n`)
