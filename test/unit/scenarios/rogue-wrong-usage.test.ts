import { expect, test } from 'vitest'
import { judgeRogue } from '../../../scenarios/flows/rogue.ts'
import { hop, refusedAs, served } from './outcomes.ts'

const rogue = { what: 'a certificate for another use', refusedAs: ['wrong-usage'] } as const

test('a certificate for another use that was served is broken, one refused for its use holds', () => {
  expect(judgeRogue(hop, rogue, served(), served()).verdict).toBe('broken')
  const refused = judgeRogue(hop, rogue, refusedAs('wrong-usage'), served())
  expect(refused).toMatchObject({ verdict: 'holds', control: { passed: true } })
})

test('one refused for anything else, or beside a caller who is refused as well, shows nothing', () => {
  for (const name of ['unknown-authority', 'certificate-expired', 'no-client-certificate', 'crl-missing'])
    expect(judgeRogue(hop, rogue, refusedAs(name), served()).control.passed).toBe(false)
  expect(judgeRogue(hop, rogue, refusedAs('wrong-usage'), refusedAs('revoked')).control.passed).toBe(false)
})
