import { expect, test } from 'vitest'
import { renderScrape } from '../../../cli/render/metrics.ts'

test('a scrape is shown without what a terminal would obey', () => {
  const scrape = '# HELP up \u001b]0;mine\u0007\nup{workload="or\u202eders"} 1\n\u001b[2Jup 2\r\n'
  expect(renderScrape(scrape)).toBe('# HELP up ·]0;mine·\nup{workload="or·ders"} 1\n·[2Jup 2')
})

test('what our workloads write is shown as it is', () => {
  const scrape = '# TYPE hop_mode_info gauge\nhop_mode_info{mode="mtls"} 1\n'
  expect(renderScrape(scrape)).toBe(scrape.trimEnd())
})
