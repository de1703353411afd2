import { HopError } from '../../pki/error.ts'
import type { LabClient } from '../../scenarios/lab-client.ts'
import type { Switches, SwitchName } from '../../services/control/rollout/switches.ts'
import { alone } from '../alone.ts'
import { choose } from '../choice.ts'
import { type Context, withLab } from '../command.ts'
import { exit } from '../exit.ts'
import { inOwnWords } from '../own-words.ts'
import { renderSwitches } from '../render/switches.ts'

/** Without a name: every switch. With one: how it stands; with a value too, sets it. */
export const switches = (context: Context, word: string | undefined, value: string | undefined): Promise<number> =>
  withLab(context, async lab => {
    const { screen } = context
    const all = await lab.switches()
    const names = Object.keys(all) as SwitchName[]
    const name = word === undefined ? undefined : choose('switch', camel(word), names)
    const before = name && value !== undefined ? await alone(context.stateDir, () => set(lab, name, value)) : undefined
    const now = before === undefined ? all : await lab.switches()
    const { switched } = await lab.state()
    const shown = (name ? [name] : names).map(each => ({
      ...{ name: each, value: now[each], default: switched[each] === undefined },
      ...(before === undefined ? {} : { before }),
    }))
    screen.answer(name ? shown[0]! : shown, () => renderSwitches(shown, screen))
    return exit.ok
  })

const set = (lab: LabClient, name: SwitchName, word: string): Promise<Switches[SwitchName]> =>
  word === 'default'
    ? lab.resetSwitch(name)
    : inOwnWords({ value: name }, lab.setSwitch(name, readSwitchValue(name, word) as Switches[SwitchName]))

/**
 * A value as people write it: JSON, or `allow-all`, `deny-by-name:inventory,shipping` for the policy and a bare word for
 * the PROXY header. The lab checks it. Throws `usage`.
 */
export const readSwitchValue = (name: SwitchName, word: string): unknown => {
  if (name === 'policy') {
    const [, kind, names] = /^([a-z-]+)(?::(.*))?$/.exec(word) ?? []
    if (kind !== undefined) return { kind, ...(names === undefined ? {} : { names: names.split(',') }) }
  }
  if (name === 'proxyProtocol' && /^[a-z-]+$/.test(word)) return word
  try {
    if (word.length > mostCharacters) throw new RangeError()
    return JSON.parse(word, refuseProto)
  } catch {
    throw new HopError('usage', {
      field: name,
      expected: expected[name],
      found: `${JSON.stringify(word.slice(0, 100))}${word.length > 100 ? ` and ${word.length - 100} characters more` : ''}`,
      remedy: 'hop switch shows how it stands now',
    })
  }
}

/** Many times what the largest switch takes. */
const mostCharacters = 32_768

/** The one name that no object may have; the lab would not say which it was. */
const refuseProto = (name: string, value: unknown): unknown => {
  if (name === '__proto__') throw new SyntaxError()
  return value
}

const expected: Record<SwitchName, string> = {
  l7: `default, or JSON such as {"edge":{"waf":true,"rate":null,"tokens":false}}`,
  policy: 'default, least-privilege, allow-all, or deny-by-name:NAME,NAME',
  proxyProtocol: 'default, edge, anyone, or off',
  logPipelines: `default, or JSON such as {"payments":{"name":"collector","address":{"host":"127.0.0.1","port":9000}}}`,
  renewal: `default, or JSON such as {"payments":{"on":false,"lifetimeS":10}}`,
  revocation: `default, or JSON such as {"lists":"renewed","failure":"soft-fail"}`,
  trustWithheld: `default, or JSON such as ["payments"]`,
  tls: `default, or JSON such as {"minVersion":"TLSv1.3","suites":["TLS_AES_128_GCM_SHA256"],"keyType":"p256"}`,
  clocks: `default, or JSON such as {"payments":-600}, in seconds`,
}

/** `proxy-protocol` is `proxyProtocol`. */
const camel = (word: string): string => word.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
