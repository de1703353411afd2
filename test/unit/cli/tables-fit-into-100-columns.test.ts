import { stripVTControlCharacters } from 'node:util'
import { expect, it } from 'vitest'
import { createPaint } from '../../../cli/paint.ts'
import { renderCells } from '../../../cli/render/cells.ts'
import { renderClaims } from '../../../cli/render/claims.ts'
import { renderMap } from '../../../cli/render/map.ts'
import { renderMatrix } from '../../../cli/render/matrix.ts'
import { renderRequest } from '../../../cli/render/request.ts'
import { table } from '../../../cli/render/table.ts'
import { claims } from '../../../scenarios/claims.ts'
import { eavesdrop, matrix, rogue } from './fixtures.ts'

const plain = createPaint(false)
const look = { paint: plain, columns: 100, scenarios: [eavesdrop, rogue] }
const widest = (text: string) => Math.max(...text.split('\n').map(line => stripVTControlCharacters(line).length))

it('the matrix says each verdict in a word and marks what was not expected', () => {
  const text = renderMatrix(matrix, look)
  expect(text.split('\n').slice(0, 16).join('\n')).toMatchInlineSnapshot(`
    "Boundary                                edge-       re-encrypt  mtls        passthrough hybrid
                                            terminate-
                                            plaintext
      the card number stays private on each link
        eavesdrop                           ✗ broken    ✓ holds     ✓ holds     – n/a       ✓ holds

    Identity and authorization              edge-       re-encrypt  mtls        passthrough hybrid
                                            terminate-
                                            plaintext
      payments serves nobody who cannot prove by a certificate of this trust domain who he is
        rogue-caller                        ✗ broken    ✗ broken    ✗ broken !  ✗ broken    ? unclear !

    20 cells, 2 not as expected, in 8.2 s
    holds, broken: put to the test, with a control that must come out the other way
    n/a: nothing there to hold on to · unclear: the control failed · !: not as expected
    ◐ 3/5: holds on three of the five links it applies to; --links shows each"
  `)
  expect(text).toContain('20 cells')
  expect(text).toContain('! rogue-caller, hybrid: expected holds, found inconclusive: the run broke off: lab-gone')
})

it('with links each has a line of its own, below what they come to together', () => {
  const text = renderMatrix(matrix, { ...look, links: true })
  expect(text.split('\n').slice(3, 9).join('\n')).toMatchInlineSnapshot(`
    "  the card number stays private on each link
        eavesdrop                           ✗ broken    ✓ holds     ✓ holds     – n/a       ✓ holds
          client → edge                     ✗ broken    ✓ holds     ✓ holds     – n/a       ✓ holds
          edge → gateway                    ✗ broken    ✓ holds     ✓ holds     – n/a       ✓ holds
          inventory-of-everything →         ✗ broken    ✓ holds     ✓ holds     – n/a       ✓ holds
          warehouse-management"
  `)
})

it('where links differ it says on how many it holds', () => {
  const mixed = (unexpected: boolean) =>
    renderMatrix(
      {
        ...matrix,
        cells: matrix.cells.map(cell =>
          cell.link === 'edge:gateway' && cell.mode === 'mtls'
            ? { ...cell, verdict: 'broken' as const, asExpected: !unexpected }
            : cell,
        ),
      },
      look,
    )
  expect(mixed(false)).toContain('◐ 2/3 hold')
  expect(mixed(true)).toContain('◐ 2/3 !')
})

it('what it costs stands below, in the columns of the modes', () => {
  const count = (number: number) => [
    { id: 'decryptions' as const, title: 'times one request is decrypted', count: number, what: [] },
  ]
  const costs = { mtls: count(6), passthrough: count(4) }
  const bestFit = {
    situation: '',
    needs: 1,
    meets: [],
    best: undefined,
    stated: 'mtls' as const,
    withheld: [],
    says: 'Best fit: mtls',
  }
  const text = renderMatrix({ ...matrix, costs, bestFit }, look)
  expect(text).toContain('What it costs                           edge-       re-encrypt  mtls')
  expect(text).toMatch(/\n {2}times one request is decrypted {8}– {11}– {11}6 {11}4 {11}–\n\nBest fit: mtls\n/)
})

it('a claim has a line for each scenario that shows it, or says that none does', () => {
  const verdicts = [
    { mode: 'mtls' as const, verdict: 'mixed' as const, holds: 2, of: 3, asExpected: true, observedAt: '' },
  ]
  const text = renderClaims(
    [
      { id: 'B1', group: 'B', sentence: claims.B1, scenarios: [{ id: 'eavesdrop', verdicts }], lessons: [2] },
      { id: 'B2', group: 'B', sentence: claims.B2, scenarios: [{ id: 'eavesdrop', verdicts: [] }], lessons: [] },
      { id: 'O1', group: 'O', sentence: claims.O1, scenarios: [], lessons: [] },
      { id: 'D7', group: 'D', sentence: claims.D7, scenarios: [], lessons: [1] },
    ],
    { paint: plain, columns: 100, topology: 'shop', observed: '2026-01-01T00:00:00.000Z' },
  )
  expect(text).toMatch(/\n {6}eavesdrop {25}not run {5}not run {5}◐ 2\/3 hold {2}not run {5}not run\n/)
  expect(text).toMatch(/\n {6}eavesdrop {25}not run yet\n/)
  expect(text).toMatch(/Observability\n {2}O1 {2}One request id through all structured logs\n {6}not shown yet\n/)
  expect(text).toMatch(/go inward\n {6}hop lab 1\n/)
  expect(text).toContain('3 of 4 claims are shown\nLast verdicts: shop, observed until 2026-01-01 00:00:00 UTC')
  expect(widest(text)).toBeLessThanOrEqual(100)
})

it('no line of a table is wider than the terminal', () => {
  for (const columns of [100, 80])
    expect(widest(renderMatrix(matrix, { ...look, columns, links: true }))).toBeLessThanOrEqual(columns)
})

it('colour changes nothing but the colour', () => {
  const coloured = renderMatrix(matrix, { ...look, paint: createPaint(true) })
  expect(coloured).not.toBe(stripVTControlCharacters(coloured))
  expect(stripVTControlCharacters(coloured)).toBe(renderMatrix(matrix, look))
})

it('a cell shows its evidence, and nothing in it that a terminal would obey', () => {
  const text = renderCells(eavesdrop, matrix.cells.slice(0, 2), { paint: plain, columns: 100, evidence: true })
  expect(text).toContain('the canary (edge → gateway): card 4000·[31m')
  expect(text).toContain('control passed')
  expect(text).not.toMatch(/\u001b/)
  expect(widest(text)).toBeLessThanOrEqual(100)
})

it('the map shows each hop, how often TLS was opened, and where it is not as intended', () => {
  const text = renderMap(
    {
      topology: 'shop',
      mode: 're-encrypt',
      requestId: 'abc',
      status: 201,
      decryptions: 1,
      readers: ['edge', 'gateway'],
      away: ['payments'],
      hops: [
        {
          ...{
            link: 'edge:gateway',
            caller: 'edge',
            callee: 'gateway',
            intended: { transport: 'tls', spliced: false },
          },
          observed: {
            ...{ transport: 'tls', protocol: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384', decrypted: true },
            keyExchange: 'X25519MLKEM768',
            caller: { kind: 'anonymous', because: 'no-certificate' },
            callee: { kind: 'authenticated', id: 'spiffe://hop.lab/gateway' },
            believed: { caller: 'spiffe://hop.lab/edge', by: 'header' },
          },
          differs: ['intended mtls, observed tls'],
        },
        {
          ...{ link: 'a:b', caller: 'a', callee: 'b', intended: { transport: 'tls', spliced: false } },
          differs: ['the probe did not come by'],
        },
      ],
    },
    { paint: plain, columns: 120 },
  )
  expect(text).toContain(
    'edge → gateway  tls ⊙      1.3  AES_256_GCM_SHA384  X25519MLKEM768  nobody (no-certificate); a header says edge ⇄',
  )
  expect(text).toContain('⊙ decrypted 1 time on its way. Readable to: edge, gateway')
  expect(text).toContain('! edge → gateway: intended mtls, observed tls')
  expect(text).toContain('not asked, because not connected: payments')
})

it('a request that got no answer says why', () => {
  const text = renderRequest(
    {
      request: { method: 'GET', path: '/orders/1' },
      requestId: undefined,
      answer: { status: 0, headers: {}, body: '', failure: { name: 'connection-refused', code: 'ECONNREFUSED' } },
      ms: 3,
      steps: [],
      away: [],
    },
    { paint: plain, columns: 100 },
  )
  expect(text).toContain('GET /orders/1 → no answer: connection-refused (ECONNREFUSED) in 3 ms')
  expect(text).toContain('No workload had the request.')
  expect(text).not.toContain('not asked')
})

it('long words and narrow widths are broken, never lost', () => {
  const text = table([{ title: 'a' }, { title: 'b', wrap: true }], [['x', 'y'.repeat(50)]], { width: 20 })
  expect(text.replaceAll(/[^y]/g, '')).toHaveLength(50)
  expect(widest(text)).toBeLessThanOrEqual(20)
})
