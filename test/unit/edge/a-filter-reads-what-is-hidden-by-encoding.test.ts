import { expect, test } from 'vitest'
import { inspect } from '../../../services/l7/waf.ts'

test.each([
  ['/orders/x?q=%3Cscript%3E', 'script-injection'],
  ['/orders/x?q=%253Cscript%253E', 'script-injection'],
  ['/orders/x?q=%3Cscript%3E%80', 'script-injection'],
  ['/orders/x?q=%3Cscript%3E%', 'script-injection'],
  ['/orders/%ff%2e%2e/x', undefined],
  ['/orders/%80/%2e%2e/x', 'path-traversal'],
  ['/orders/x?q=1+or+1=1%c3', 'sql-injection'],
  ["/orders/x?q='%3B+drop+table+orders", 'sql-injection'],
  ['/orders/x?q=1;drop%20table%20orders', 'sql-injection'],
  ['/orders/..;/x', 'path-traversal'],
  ['/orders/x..;y', undefined],
  ['/orders/x%00', 'null-byte'],
  ['/orders/caf%C3%A9', undefined],
])('%s: %s', (target, rule) => {
  expect(inspect(target, [])?.id).toBe(rule)
})
