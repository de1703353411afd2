// What somebody who has nothing but a place on the network can do: calls workloads, in plaintext or over TLS that checks
// nobody and shows nothing, and tells what came of it.
//
//   node containers/attack.js [POST|GET] URL [body] [--as NAME]
//   node containers/attack.js https://orders:8443/orders
//   node containers/attack.js POST http://payments:8443/charges '{"card":"4000000000000002","amount":1}' --as orders
import { request as plain } from 'node:http'
import { request as secure } from 'node:https'
import { parseArgs } from 'node:util'
import { failureOf } from '../services/chassis/failures.ts'
import { callerHeader } from '../services/chassis/policy.ts'

const usage =
  'attack [POST|GET] URL [body] [--as NAME], such as: attack POST http://payments:8443/charges {} --as orders'
const mostMs = 10_000

const { positionals, values } = parseArgs({ allowPositionals: true, options: { as: { type: 'string' } } })
const method = /^(GET|POST|PUT)$/.test(positionals[0] ?? '') ? positionals.shift() : 'GET'
const [url, body] = positionals
if (!URL.canParse(url ?? '')) {
  process.stderr.write(`${usage}\n`)
  process.exit(2)
}

const send = new URL(url).protocol === 'https:' ? secure : plain
const asked = send(url, {
  method,
  rejectUnauthorized: false,
  timeout: mostMs,
  headers: {
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(values.as === undefined ? {} : { [callerHeader]: `spiffe://hop.lab/${values.as}` }),
  },
})
asked.once('response', async response => {
  const text = (await response.toArray()).join('').slice(0, 2000)
  process.stdout.write(`${response.statusCode} ${text.trim()}\n`)
})
asked.once('timeout', () => asked.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })))
asked.once('error', error => {
  const { name, code } = failureOf(error)
  process.stdout.write(`refused: ${name} (${code})\n`)
  process.exitCode = 1
})
asked.end(body)
