import { stripVTControlCharacters } from 'node:util'
import { expect, it } from 'vitest'
import { createPaint } from '../../../cli/paint.ts'
import { renderCells } from '../../../cli/render/cells.ts'
import { renderMap } from '../../../cli/render/map.ts'
import { renderMatrix } from '../../../cli/render/matrix.ts'
import { renderRequest } from '../../../cli/render/request.ts'
import { table } from '../../../cli/render/table.ts'
import { eavesdrop, matrix, rogue } from './fixtures.ts'

const plain = createPaint(false)
const look = { paint: plain, columns: 100, scenarios: [eavesdrop, rogue] }
const widest = (text: string) => Math.max(...text.split('\n').map(line => stripVTControlCharacters(line).length))

it('the matrix says each verdict in a word and marks what was not expected', () => {
  const text = renderMatrix(matrix, look)
  expect(text.split('\n').slice(0, 18).join('\n')).toMatchInlineSnapshot(`
    "                                        edge-       re-encrypt  mtls        passthrough hybrid
                                            terminate-
                                            plaintext

    Who can read the card number?  eavesdrop
      client → edge                         ✗ broken    ✓ holds     ✓ holds     – n/a       ✓ holds
      edge → gateway                        ✗ broken    ✓ holds     ✓ holds     – n/a       ✓ holds
      inventory-of-everything →             ✗ broken    ✓ holds     ✓ holds     – n/a       ✓ holds
      warehouse-management

    Can somebody without a certificate charge a card?  rogue-caller
      payments serves nobody who cannot     ✗ broken    ✗ broken    ✗ broken !  ✗ broken    ? unclear !
      prove by a certificate of this trust
      domain who he is

    20 cells, 2 not as expected, in 8.2 s
    holds, broken: put to the test, with a control that must come out the other way
    n/a: nothing there to hold on to · unclear: the control failed · !: not as expected"
  `)
  expect(text).toContain('20 cells')
  expect(text).toContain('! rogue-caller, hybrid: expected holds, found inconclusive: the run broke off: lab-gone')
})

it('no line of a table is wider than the terminal', () => {
  expect(widest(renderMatrix(matrix, look))).toBeLessThanOrEqual(100)
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
})

it('a request that got no answer says why', () => {
  const text = renderRequest(
    {
      request: { method: 'GET', path: '/orders/1' },
      requestId: undefined,
      answer: { status: 0, headers: {}, body: '', failure: { name: 'connection-refused', code: 'ECONNREFUSED' } },
      ms: 3,
      steps: [],
    },
    { paint: plain, columns: 100 },
  )
  expect(text).toContain('GET /orders/1 → no answer: connection-refused (ECONNREFUSED) in 3 ms')
  expect(text).toContain('No workload had the request.')
})

it('long words and narrow widths are broken, never lost', () => {
  const text = table([{ title: 'a' }, { title: 'b', wrap: true }], [['x', 'y'.repeat(50)]], { width: 20 })
  expect(text.replaceAll(/[^y]/g, '')).toHaveLength(50)
  expect(widest(text)).toBeLessThanOrEqual(20)
})
