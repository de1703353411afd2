import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { hexDump } from '../../../cli/html/hex-dump.ts'
import { renderPage } from '../../../cli/html/page.ts'
import { colours } from '../../../cli/html/style.ts'
import type { Cell } from '../../../scenarios/scenario.ts'
import { eavesdrop, matrix, rogue } from './fixtures.ts'

const scenarios = [eavesdrop, rogue]
const hostile = `</style></pre><script>alert(1)</script><img src=x onerror="alert(2)">'"&<!--`
const unseen = '\u0000\u001b[2J\u009b\u202e\u2066\u200f\u061c\u2028\ufeff\ud800\u034f\u180e\u3164\ufff9\u2800\u{e0041}'

const hostileCell = (cell: Cell): Cell => ({
  ...cell,
  because: hostile + unseen,
  firstTry: hostile + unseen,
  evidence: [{ kind: 'bytes', title: hostile, where: hostile, text: hostile + unseen, hex: '3c2f7072653e00ff' }],
  control: { passed: true, evidence: [{ kind: 'request', title: hostile, where: 'a:b', text: hostile }] },
})

const page = renderPage({ ...matrix, topology: hostile, cells: matrix.cells.map(hostileCell) }, { scenarios })
const honest = renderPage(matrix, { scenarios })

const tags = (text: string): string[] =>
  [...text.replace(/<style>[^<]*<\/style>/, '').matchAll(/<(\/?[a-z][a-z0-9]*)/g)].map(([, name]) => name!)

it('what was observed makes no element, no attribute and no comment', () => {
  expect(new Set(tags(page))).toEqual(new Set(tags(honest)))
  expect(page.replaceAll(/<\/?[a-z][a-z0-9]*( [a-z-]+="[^"<>]*")*>/g, '').replace('<!doctype html>', '')).not.toContain(
    '<',
  )
  expect(page).not.toMatch(/<[^>]* (on\w+|src|style)=/)
  expect(page).not.toContain('<!--')
  expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
  expect(page).toContain('onerror=&quot;alert(2)&quot;')
})

it('nothing that cannot be seen, and nothing that turns the writing, comes through', () => {
  expect(page).not.toMatch(
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u061c\u2028-\u202e\u2066-\u2069\ufeff]/,
  )
  expect(page).not.toMatch(/[\u2800\ufff9-\ufffb\p{Default_Ignorable_Code_Point}]/u)
  expect(page.isWellFormed()).toBe(true)
})

it('the policy lets in nothing but our own style sheet', () => {
  const [, policy = ''] = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page) ?? []
  const [, style = ''] = /<style>([^<]*)<\/style>/.exec(page) ?? []
  const hash = createHash('sha256').update(style).digest('base64')
  expect(policy.replaceAll('&#39;', "'")).toBe(
    `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`,
  )
  expect(page.indexOf('Content-Security-Policy')).toBeLessThan(page.indexOf('<style>'))
  expect(style).not.toMatch(/url\(|@import/)
  expect(page).not.toMatch(/https?:/)
})

it('every link leads to a place in the page, and every place is there once', () => {
  const ids = [...honest.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id)
  const links = [...honest.matchAll(/ href="#([^"]*)"/g)].map(([, id]) => id)
  expect(new Set(ids).size).toBe(ids.length)
  expect(links.length).toBeGreaterThan(matrix.cells.length)
  expect(ids).toEqual(expect.arrayContaining(links))
  expect(honest.match(/ href="(?!#)/)).toBeNull()
})

it('evidence is there as text and as bytes, controls and claims with it', () => {
  expect(honest).toContain('card 4000·[31m')
  expect(page).toContain('00000000  3c 2f 70 72 65 3e 00 ff')
  expect(page).toContain('&lt;/pre&gt;..')
  expect(honest).toContain('Control passed')
  expect(honest).toContain('<b>B2</b> TLS that ends at the edge')
  expect(honest).toContain('Expected: holds')
  expect(honest).toContain('20 cells, 2 not as expected, observed 2026-01-01 00:00:00 UTC in 8.2 s')
})

it('elements are closed in the order in which they were opened', () => {
  const open: string[] = []
  for (const tag of tags(honest).filter(name => !['meta'].includes(name)))
    if (tag.startsWith('/')) expect(open.pop()).toBe(tag.slice(1))
    else open.push(tag)
  expect(open).toEqual([])
})

it('tables say what their heads are for', () => {
  expect(honest).toContain('<th scope="col">mtls</th>')
  expect(honest).toMatch(/<th scope="row">the card number stays private on each link/)
  expect(honest).toMatch(/<caption>Boundary: guarantees by modes<\/caption>/)
})

it('costs stand below, each count with what was counted', () => {
  const costs = { mtls: [{ id: 'decryptions' as const, title: 'times decrypted', count: 2, what: ['a → b', hostile] }] }
  const text = renderPage({ ...matrix, costs }, { scenarios })
  expect(text).toContain('<h2>What it costs</h2>')
  expect(text).toContain('<summary>2</summary><ul><li>a → b</li><li>&lt;/style&gt;')
})

it('a dump has sixteen bytes a line and says what it leaves out', () => {
  const lines = hexDump(Buffer.from('GET / HTTP/1.1\r\nHost: a').toString('hex')).split('\n')
  expect(lines).toEqual([
    '00000000  47 45 54 20 2f 20 48 54 54 50 2f 31 2e 31 0d 0a  GET / HTTP/1.1..',
    '00000010  48 6f 73 74 3a 20 61                             Host: a',
  ])
  expect(hexDump('00'.repeat(5000)).split('\n').at(-1)).toBe('… 904 bytes more')
})

it.each(Object.entries(colours))('%s: what is written stands out from its ground', (_, look) => {
  const { ground, raised, line: _line, ...inks } = look
  for (const ink of Object.values(inks))
    for (const behind of [ground, raised]) expect(contrast(ink, behind), `${ink} on ${behind}`).toBeGreaterThan(4.5)
})

/** WCAG 2.2, "contrast ratio". */
const contrast = (a: string, b: string): number => {
  const [low = 0, high = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y)
  return (high + 0.05) / (low + 0.05)
}

const luminance = (colour: string): number => {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map(at => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
