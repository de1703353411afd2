/** One filtering rule: what it looks for, in what. */
export type WafRule = { id: string; title: string; pattern: RegExp }

/**
 * A small, named rule set: shapes that no honest request to an API like this has. It shows what a termination point
 * can do with what it reads; it is no substitute for a maintained rule set such as the OWASP CRS.
 */
const wafRules: readonly WafRule[] = [
  { id: 'path-traversal', title: 'a path that climbs out of its root', pattern: /(?:^|[\\/=])\.\.(?:[\\/;]|$)/ },
  {
    id: 'sql-injection',
    title: 'SQL where a value belongs',
    pattern: /(?:\bunion\s+(?:all\s+)?select|\bor\s+1\s*=\s*1|;\s*drop\s+table)\b/i,
  },
  { id: 'script-injection', title: 'a script tag', pattern: /<\s*script\b/i },
  { id: 'jndi-lookup', title: 'a JNDI lookup (CVE-2021-44228)', pattern: /\$\{\s*(?:jndi|lower|upper|env)\s*:/i },
  { id: 'null-byte', title: 'a NUL in the target', pattern: /\0/ },
]

const inspected = new Set(['user-agent', 'referer', 'cookie', 'accept', 'accept-language', 'x-api-version'])

/**
 * The first rule a request's target or inspected headers break, undefined when none. The target is read as it stands
 * and decoded, twice over, as attackers write it; byte for byte, so that one byte that is no UTF-8 hides nothing.
 */
export const inspect = (target: string, rawHeaders: readonly string[]): WafRule | undefined => {
  const texts = [target]
  if (target.includes('%') || target.includes('+')) texts.push(decoded(target), decoded(decoded(target)))
  for (let i = 0; i < rawHeaders.length; i += 2)
    if (inspected.has(rawHeaders[i]!.toLowerCase())) texts.push(rawHeaders[i + 1]!)
  return wafRules.find(({ pattern }) => texts.some(text => pattern.test(text)))
}

const decoded = (text: string): string =>
  text
    .replaceAll('+', ' ')
    .replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
