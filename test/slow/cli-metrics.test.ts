import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { conditions } from '../../scenarios/alerts/conditions.ts'
import { answerOf, createHome, hop } from '../support/cli.ts'
import { observability } from '../support/prometheus.ts'

const place = createHome()
const state = place.dir('state')
const at = (...args: string[]) => [...args, '--state', state]

beforeAll(async () => {
  expect((await hop(...at('up', '--detach', '--mode', 'edge-terminate-plaintext'))).code).toBe(0)
  expect((await hop(...at('request'))).code).toBe(0)
})

afterAll(async () => {
  await hop(...at('down', '--if-running'))
  place.clean()
})

it('without a name a line tells of each workload, with whom it served in plaintext', async () => {
  const { code, answer } = await answerOf(...at('metrics'))
  expect(code).toBe(0)
  expect(answer).toMatchObject({ topology: 'shop', away: [] })
  const of = (name: string) => answer.workloads.find(({ workload }: { workload: string }) => workload === name)
  expect(of('payments')).toMatchObject({ requests: 1, errors: 0, failed: {}, plaintext: { orders: 1 }, spliced: 0 })
  expect(of('edge')).toMatchObject({ requests: 1, plaintext: {}, opened: 2 })
  const { out } = await hop(...at('metrics'))
  expect(out).toMatch(
    /^workload +requests +errors +mean ms +opened +reused +handshakes +failed +plaintext from +cert left$/m,
  )
  expect(out).toMatch(/^payments +1 +0 +\d+\.\d +1 +0 +0 +– +orders 1 +\d+ min$/m)
  expect(out.split('\n').every(line => line.length <= 100)).toBe(true)
})

it('with a name what Prometheus gets, as text or as JSON', async () => {
  const line =
    'http_server_request_duration_seconds_count{http_request_method="POST",url_scheme="http",http_route="/charges",http_response_status_code="201"} 1'
  expect((await hop(...at('metrics', 'payments'))).out.split('\n')).toContain(line)
  const { answer } = await answerOf(...at('metrics', 'payments'))
  expect(answer).toContainEqual({
    name: 'hop_plaintext_requests_total',
    labels: { caller: 'orders', caller_by: 'header' },
    value: 1,
  })
  expect((await hop(...at('metrics', 'control'))).out).toContain('hop_mode_info{mode="edge-terminate-plaintext"} 1')
})

it('a name that is none is told, with the nearest', async () => {
  const { code, answer } = await answerOf(...at('metrics', 'paymnets'))
  expect([code, answer.error.code, answer.error.remedy]).toEqual([2, 'workload-unknown', 'Did you mean payments?'])
})

it('the alerts are told as rules without any lab, as they are committed', async () => {
  const nowhere = ['--state', place.dir('nothing-runs-here')]
  const { code, out } = await hop('alerts', '--prometheus', ...nowhere)
  expect([code, out]).toEqual([0, readFileSync(`${observability}hop.rules.yaml`, 'utf8')])
  const { answer } = await answerOf('alerts', '--prometheus', ...nowhere)
  expect(answer.groups[0].rules).toHaveLength(conditions.length + 1)
})
