import * as v from 'valibot'
import { expect, it } from 'vitest'
import { addressSchema, byName, checked, text } from '../../../services/control/api/body.ts'

const name = v.picklist(['edge', 'orders'])
const settings = byName(name, v.strictObject({ waf: v.boolean(), rate: v.nullable(v.pipe(v.number(), v.minValue(1))) }))
const policy = v.variant('kind', [
  v.strictObject({ kind: v.literal('open') }),
  v.strictObject({ kind: v.literal('named'), names: v.array(name) }),
])

it.each<[v.GenericSchema, unknown, string]>([
  [settings, [], 'value: expected an object, found Array'],
  [settings, null, 'value: expected an object, found null'],
  [settings, JSON.parse('{"constructor":{}}'), 'expected names other than __proto__, prototype, constructor'],
  [settings, JSON.parse('{"__proto__":{}}'), 'expected names other than __proto__, prototype, constructor'],
  [settings, { edgee: {} }, 'value.edgee: expected one of "edge", "orders", found "edgee"'],
  [settings, { edge: {} }, 'value.edge.waf: expected a value, found nothing'],
  [settings, { edge: { waf: 'y\n', rate: null } }, 'value.edge.waf: expected boolean, found "y\\n"'],
  [settings, { edge: { waf: true, rate: 0 } }, 'value.edge.rate: expected at least 1, found 0'],
  [settings, { edge: { waf: true, rate: null, on: 'x' } }, 'value.edge.on: expected no such field, found "on"'],
  [policy, {}, 'value.kind: expected one of "open", "named", found nothing'],
  [policy, { kind: 'x'.repeat(500) }, `found "${'x'.repeat(100)}"`],
  [text(3), '', 'value: expected at least 1 in length, found 0'],
  [addressSchema, { host: 'a b', port: 1 }, 'value.host: expected a host name or address, found "a b"'],
  [v.pipe(v.string(), v.notValues(['edge'])), 'edge', 'value: expected anything but "edge", found "edge"'],
])('%#: what is refused is named with what would have done', (schema, value, words) => {
  expect(() => checked(v.strictObject({ value: schema }), { value })).toThrow(words)
})

it('what is right comes through as it is', () => {
  const value = { edge: { waf: true, rate: null }, orders: { waf: false, rate: 5 } }
  expect(checked(settings, value)).toEqual(value)
})
