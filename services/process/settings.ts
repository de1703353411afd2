import { parseArgs } from 'node:util'
import { HopError } from '../../pki/error.ts'
import type { Address } from '../chassis/transport.ts'
import { isMode, type Mode, modes } from '../modes.ts'
import { nearest } from '../nearest.ts'

/** What one process of the lab is told from outside. Secrets come in files only: argv and the environment can be read by others. */
export type Settings = {
  topology: string
  /** Control plane: its state directory. */
  state: string | undefined
  /** Control plane: the mode of a new state. */
  mode: Mode
  /** Where to listen: a workload for its callers, the control plane for workloads. */
  listen: Partial<Address>
  /** Control plane: the operator API's port here, and as people reach it. */
  operatorPort: number | undefined
  publishedPort: number | undefined
  /** Workload: where the control plane is, whom to trust before enrolment, the one-time token. */
  control: Address | undefined
  bundle: string | undefined
  joinTokenFile: string | undefined
}

/** Flag → environment variable. A flag wins. */
const names = {
  topology: 'HOP_TOPOLOGY',
  state: 'HOP_STATE',
  mode: 'HOP_MODE',
  listen: 'HOP_LISTEN',
  'operator-port': 'HOP_OPERATOR_PORT',
  'published-port': 'HOP_PUBLISHED_PORT',
  control: 'HOP_CONTROL',
  bundle: 'HOP_BUNDLE',
  'join-token-file': 'HOP_JOIN_TOKEN_FILE',
} as const

type Flag = keyof typeof names

/** The process to be (`control` or a workload's name) and its settings. Throws `usage`, naming flag and variable. */
export const readSettings = (argv: string[], env: NodeJS.ProcessEnv): { role: string; settings: Settings } => {
  const { positionals, values } = parse(argv)
  const given = (flag: Flag): string | undefined => values[flag] ?? (env[names[flag]] || undefined)
  const need = (flag: Flag): string => given(flag) ?? fail(flag, 'a value', 'nothing')
  const [role, ...more] = positionals
  if (role === undefined || more.length > 0)
    throw new HopError('usage', {
      field: 'arguments',
      expected: 'one name: control, or a workload of the topology',
      found: positionals.join(' ') || 'nothing',
    })
  const listen = given('listen')
  const control = given('control')
  return {
    role,
    settings: {
      topology: need('topology'),
      state: given('state'),
      mode: modeOf(given('mode')),
      listen: listen === undefined ? {} : addressOf('listen', listen),
      operatorPort: portOf('operator-port', given('operator-port')),
      publishedPort: portOf('published-port', given('published-port')),
      control: control === undefined ? undefined : addressOf('control', control),
      bundle: given('bundle'),
      joinTokenFile: given('join-token-file'),
    },
  }
}

/** A setting that this role cannot do without. Throws `usage`. */
export const required = <Value>(value: Value | undefined, flag: Flag): Value =>
  value ?? fail(flag, 'a value', 'nothing')

const parse = (argv: string[]) => {
  const options = Object.fromEntries(Object.keys(names).map(flag => [flag, { type: 'string' as const }]))
  try {
    const { positionals, values } = parseArgs({ args: argv, options, allowPositionals: true })
    return { positionals, values: values as Partial<Record<Flag, string>> }
  } catch (cause) {
    throw new HopError('usage', { message: (cause as Error).message, cause })
  }
}

const modeOf = (word: string | undefined): Mode => {
  if (word === undefined) return modes[0]!
  if (isMode(word)) return word
  const meant = nearest(word, modes)
  return fail('mode', `one of ${modes.join(', ')}`, word, meant && `Did you mean ${meant}?`)
}

/** `host:port`, `[::1]:port`. */
const addressOf = (flag: Flag, word: string): Address => {
  const [, host, port] =
    /^(?:\[([\da-f:]+)\]|([\w.-]+)):(\d{1,5})$/i.exec(word)?.filter(part => part !== undefined) ?? []
  const number = Number(port)
  if (host === undefined || number > 65_535) return fail(flag, 'host:port', word)
  return { host, port: number }
}

const portOf = (flag: Flag, word: string | undefined): number | undefined => {
  if (word === undefined) return undefined
  return /^\d{1,5}$/.test(word) && Number(word) <= 65_535 ? Number(word) : fail(flag, 'a port', word)
}

const fail = (flag: Flag, expected: string, found: string, remedy?: string): never => {
  const known = remedy === undefined ? {} : { remedy }
  throw new HopError('usage', { field: `--${flag} (${names[flag]})`, expected, found, ...known })
}
