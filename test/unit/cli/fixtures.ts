import type { Matrix } from '../../../scenarios/runner.ts'
import { type Cell, defineScenario, type Verdict } from '../../../scenarios/scenario.ts'
import { type Mode, modes } from '../../../services/modes.ts'

const never = async () => {
  throw new Error('not run here')
}

const everywhere = (verdict: Verdict) => Object.fromEntries(modes.map(mode => [mode, verdict])) as Record<Mode, Verdict>

export const eavesdrop = defineScenario({
  id: 'eavesdrop',
  claims: ['B1', 'B2'],
  title: 'Who can read the card number?',
  guarantee: 'the card number stays private on <link>',
  explanation: 'The customer sends a fresh card number, and it is looked for in the bytes on each link.',
  per: 'link',
  select: () => true,
  expected: () => 'holds',
  run: never,
})

export const rogue = defineScenario({
  id: 'rogue-caller',
  claims: ['I1', 'I2'],
  title: 'Can somebody without a certificate charge a card?',
  guarantee: 'payments serves nobody who cannot prove by a certificate of this trust domain who he is',
  explanation: 'Somebody without a certificate asks payments to charge a card.',
  per: 'system',
  expected: everywhere('holds'),
  run: never,
})

const cell = (about: Pick<Cell, 'scenario' | 'mode' | 'verdict'> & Partial<Cell>): Cell => ({
  expected: about.verdict === 'inconclusive' ? 'holds' : about.verdict,
  asExpected: about.verdict !== 'inconclusive',
  evidence: [{ kind: 'bytes', title: 'the canary', where: 'edge:gateway', text: 'card 4000\u001b[31m' }],
  control: {
    passed: true,
    evidence: [{ kind: 'count', title: 'found where it should be', where: 'client', text: '1' }],
  },
  because: 'the canary was not on the wire',
  ms: 12,
  ...about,
})

const links = ['client:edge', 'edge:gateway', 'inventory-of-everything:warehouse-management']

/** Every verdict, one surprise, links with long names. */
export const matrix: Matrix = {
  topology: 'shop',
  startedAt: '2026-01-01T00:00:00.000Z',
  ms: 8200,
  modes,
  rows: [
    ...links.map(link => ({ scenario: 'eavesdrop', link, guarantee: `the card number stays private on ${link}` })),
    { scenario: 'rogue-caller', guarantee: rogue.guarantee },
  ],
  cells: modes.flatMap((mode, i) => [
    ...links.map(link =>
      cell({ scenario: 'eavesdrop', link, mode, verdict: i === 0 ? 'broken' : i === 3 ? 'not-applicable' : 'holds' }),
    ),
    i === 4
      ? cell({ scenario: 'rogue-caller', mode, verdict: 'inconclusive', because: 'the run broke off: lab-gone' })
      : cell({ scenario: 'rogue-caller', mode, verdict: 'broken', expected: 'holds', asExpected: i !== 2 }),
  ]),
  asExpected: false,
  unexpected: 2,
}
