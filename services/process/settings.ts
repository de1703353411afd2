import { parseArgs } from 'node:util'
import { HopError } from '../../pki/error.ts'
import type { Address } from '../chassis/transport.ts'
import { isMode, type Mode, modes } from '../modes.ts'
import { nearest } from '../nearest.ts'

/** Flag → environment variable. A flag wins. */
const names = {
  topology: 'HOP_TOPOLOGY',
  listen: 'HOP_LISTEN',
  'health-file': 'HOP_HEALTH_FILE',
  // the control plane
  state: 'HOP_STATE',
  mode: 'HOP_MODE',
  'operator-port': 'HOP_OPERATOR_PORT',
  'operator-listen': 'HOP_OPERATOR_LISTEN',
  'bootstrap-dir': 'HOP_BOOTSTRAP_DIR',
  wire: 'HOP_WIRE',
  // whoever has an API for the operator
  'operator-names': 'HOP_OPERATOR_NAMES',
  'operator-token-file': 'HOP_OPERATOR_TOKEN_FILE',
  'published-port': 'HOP_PUBLISHED_PORT',
  // a workload
  control: 'HOP_CONTROL',
  bundle: 'HOP_BUNDLE',
  'join-token-file': 'HOP_JOIN_TOKEN_FILE',
  'bootstrap-secret-file': 'HOP_BOOTSTRAP_SECRET_FILE',
  advertise: 'HOP_ADVERTISE',
  relay: 'HOP_RELAY',
  'redirect-listen': 'HOP_REDIRECT_LISTEN',
  application: 'HOP_APPLICATION',
  'application-listen': 'HOP_APPLICATION_LISTEN',
  // the wire
  taps: 'HOP_TAPS',
  targets: 'HOP_TARGETS',
} as const

export type Flag = keyof typeof names

/** What one process of the lab is told from outside. Secrets come in files only: argv and the environment can be read by others. */
export type Settings = {
  topology: string
  /** Where to listen: a workload for its callers, the control plane for workloads, the wire for the operator. */
  listen: Partial<Address>
  /** A file that says this process is well, for as long as it is: see `health.ts`. */
  healthFile: string | undefined

  /** Control plane: its state directory. */
  state: string | undefined
  /** Control plane: the mode to be in; see `followAskedMode`. */
  mode: Mode | undefined
  /** Control plane: where its operator API listens. */
  operator: Partial<Address>
  /** Control plane: where workloads' bootstrap secrets are, `DIR/<workload>/bootstrap-secret`. */
  bootstrapDir: string | undefined

  /** Control plane and wire: where callers find the taps; see `tapPlaces`. */
  wire: Address | undefined
  /** Control plane and wire: what else the operator may call them by, `name:port`. */
  operatorNames: string[]
  /** Control plane and wire: the operator's token. */
  operatorTokenFile: string | undefined
  /** The port of the operator API, or of the edge, as people reach it. */
  publishedPort: number | undefined

  /** Workload: where the control plane is. */
  control: Address | undefined
  /** Workload: whom to trust before enrolment, and the one-time token; or the secret it comes in by each time. */
  bundle: string | undefined
  joinTokenFile: string | undefined
  bootstrapSecretFile: string | undefined
  /** Workload: where others reach it, if that is not where it listens. */
  advertise: Address | undefined
  /** Workload: who relays its callers' connections to it; see `readRelay`. */
  relay: string | undefined
  /** Workload behind a sidecar: where its application is, in a process of its own; or where this process, being that, listens. */
  application: Address | undefined
  applicationListen: Address | undefined
  /** The edge: where it listens in plaintext, to send people to HTTPS. */
  redirectListen: Address | undefined

  /** Wire: where its taps listen (the same way; absent: everywhere), and where callees do, `{workload}` standing for each name. */
  taps: Address | undefined
  targets: Address | undefined
}

/**
 * The process to be (`control`, `wire` or a workload's name) and its settings. Throws `usage`, naming flag and variable.
 */
export const readSettings = (argv: string[], env: NodeJS.ProcessEnv): { role: string; settings: Settings } => {
  const { positionals, values } = parse(argv)
  const given = (flag: Flag): string | undefined => values[flag] ?? (env[names[flag]] || undefined)
  const [role, ...more] = positionals
  if (role === undefined || more.length > 0)
    throw new HopError('usage', {
      field: 'arguments',
      expected: 'one name: control, wire, or a workload of the topology',
      found: positionals.join(' ') || 'nothing',
    })
  const address = (flag: Flag): Address | undefined => {
    const word = given(flag)
    return word === undefined ? undefined : addressOf(flag, word)
  }
  const operatorPort = portOf('operator-port', given('operator-port'))
  return {
    role,
    settings: {
      topology: required(given('topology'), 'topology'),
      listen: address('listen') ?? {},
      healthFile: given('health-file'),
      state: given('state'),
      mode: modeOf(given('mode')),
      operator: { ...(operatorPort === undefined ? {} : { port: operatorPort }), ...address('operator-listen') },
      bootstrapDir: given('bootstrap-dir'),
      wire: address('wire'),
      operatorNames: namesOf('operator-names', given('operator-names')),
      operatorTokenFile: given('operator-token-file'),
      publishedPort: portOf('published-port', given('published-port')),
      control: address('control'),
      bundle: given('bundle'),
      joinTokenFile: given('join-token-file'),
      bootstrapSecretFile: given('bootstrap-secret-file'),
      advertise: address('advertise'),
      relay: given('relay'),
      application: address('application'),
      applicationListen: address('application-listen'),
      redirectListen: address('redirect-listen'),
      taps: address('taps'),
      targets: address('targets'),
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

const modeOf = (word: string | undefined): Mode | undefined => {
  if (word === undefined) return undefined
  if (isMode(word)) return word
  const meant = nearest(word, modes)
  return fail('mode', `one of ${modes.join(', ')}`, word, meant && `Did you mean ${meant}?`)
}

/** Host names in which a part stands for each zone, or each workload. */
const patterns: Partial<Record<Flag, string>> = { wire: '{zone}', taps: '{zone}', targets: '{workload}' }

/** `host:port`, `[::1]:port`. */
const addressOf = (flag: Flag, word: string): Address => {
  const pattern = patterns[flag]
  const plain = pattern === undefined ? word : word.replace(pattern, 'x')
  const [, host, port] =
    /^(?:\[([\da-f:]+)\]|([\w.-]+)):(\d{1,5})$/i.exec(plain)?.filter(part => part !== undefined) ?? []
  const number = Number(port)
  if (host === undefined || number > 65_535) return fail(flag, 'host:port', word)
  return { host: plain === word ? host : word.slice(0, word.lastIndexOf(':')), port: number }
}

const namesOf = (flag: Flag, word = ''): string[] => {
  const found = word.split(',').filter(name => name !== '')
  const wrong = found.find(name => !/^[\w.-]+:\d{1,5}$/.test(name))
  return wrong === undefined ? found.map(name => name.toLowerCase()) : fail(flag, 'name:port, parted by commas', wrong)
}

const portOf = (flag: Flag, word: string | undefined): number | undefined => {
  if (word === undefined) return undefined
  return /^\d{1,5}$/.test(word) && Number(word) <= 65_535 ? Number(word) : fail(flag, 'a port', word)
}

const fail = (flag: Flag, expected: string, found: string, remedy?: string): never => {
  const known = remedy === undefined ? {} : { remedy }
  throw new HopError('usage', { field: `--${flag} (${names[flag]})`, expected, found, ...known })
}
