import * as v from 'valibot'
import { HopError } from '../../pki/error.ts'

const hexText = v.pipe(v.string(), v.regex(/^([0-9a-f]{2})+$/i, 'bytes in hex, two digits each'), v.maxLength(131_072))
const plainText = v.pipe(v.string(), v.minLength(1, 'at least one character'), v.maxLength(65_536))
const toBytes = ({ text, hex }: { text?: string; hex?: string }): Buffer =>
  text === undefined ? Buffer.from(hex ?? '', 'hex') : Buffer.from(text, 'utf8')

/** Bytes as a person writes them: `{text}` (UTF-8) or `{hex}`, exactly one. */
const bytesBody = v.pipe(
  v.strictObject({ text: v.optional(plainText), hex: v.optional(hexText) }),
  v.check(({ text, hex }) => (text === undefined) !== (hex === undefined), 'either text or hex'),
  v.transform(toBytes),
)
/** In an alter rule a plain string is its text. */
const ruleBytes = v.union([
  v.pipe(
    plainText,
    v.transform(text => Buffer.from(text, 'utf8')),
  ),
  bytesBody,
])
const milliseconds = v.pipe(v.number(), v.integer('whole milliseconds'), v.minValue(0), v.maxValue(60_000))
const keyLogLine = v.pipe(v.string(), v.regex(/^[A-Z0-9_]+ [0-9a-f]{64} [0-9a-f]+\s*$/i, 'an NSS key log line'))

const address = {
  host: v.pipe(v.string(), v.regex(/^[0-9a-z.:_-]{1,253}$/i, 'an IP address or a host name')),
  port: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535)),
}
const linkName = v.pipe(
  v.string(),
  v.regex(/^[a-z0-9][a-z0-9.-]{0,99}:[a-z0-9][a-z0-9.-]{0,99}$/, 'a link such as orders:collector'),
)

/** What each route of the wire takes. Nothing beyond these fields is accepted. */
export const bodies = {
  find: bytesBody,
  alter: v.strictObject({
    find: ruleBytes,
    replace: ruleBytes,
    direction: v.picklist(['to-callee', 'to-caller']),
    times: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
  }),
  cut: v.optional(v.strictObject({ refuse: v.optional(v.boolean()) }), {}),
  delay: v.strictObject({ ms: milliseconds }),
  redirect: v.strictObject(address),
  add: v.strictObject({ link: linkName, target: v.strictObject(address) }),
  capture: v.optional(v.strictObject({ keyLog: v.optional(v.pipe(v.array(keyLogLine), v.maxLength(10_000))) }), {}),
}

/** Checks a body; throws HopError `body-invalid` that names the field. */
export const readBody = <Schema extends v.GenericSchema>(schema: Schema, body: unknown): v.InferOutput<Schema> => {
  const result = v.safeParse(schema, body ?? undefined)
  if (result.success) return result.output
  const [issue] = result.issues
  throw new HopError('body-invalid', {
    field: v.getDotPath(issue) ?? 'body',
    expected: issue.expected && !issue.expected.startsWith('/') ? issue.expected : issue.message,
    found: issue.received.slice(0, 200),
  })
}
