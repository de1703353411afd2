import type { RotationRow } from '../../services/control/certificates/rotation-steps.ts'
import type { SwitchName } from '../../services/control/rollout/switches.ts'
import { counted } from '../counted.ts'
import type { GateFinding } from '../gate.ts'
import type { Finding, Looked, Severity } from './finding.ts'

/** What the lab's own settings and the wire say: what is open, half done, or not there. */
export const labFindings = (looked: Looked): Finding[] => [
  ...unserved(looked),
  ...absent(looked),
  ...halfWay(looked),
  ...opened(looked),
  ...looked.interfered.map(interferedWith),
  ...looked.gate.findings.flatMap(plaintext),
]

const unserved = ({ gate }: Looked): Finding[] =>
  gate.probe === undefined || /^[23]\d\d$/.test(gate.probe)
    ? []
    : [
        {
          severity: 'error',
          name: 'not-served',
          where: 'lab',
          seen: [`a request of the public client came to ${gate.probe}`],
          cause: 'some link on its way does not work',
          remedy: 'see the refused handshakes here; hop calls --denied',
        },
      ]

const absent = ({ state, reports, certificates, now }: Looked): Finding[] =>
  state.workloads.flatMap(({ name, id, connected, error, version, acked }): Finding[] => {
    const good = certificates.filter(one => one.name === id && one.notAfter > now)
    const out = good.length === 0 ? 'has run out' : good.every(({ revokedAt }) => revokedAt) ? 'was revoked' : undefined
    if (!connected || !reports[name])
      return [
        {
          severity: 'error',
          name: 'not-connected',
          where: name,
          seen: [`the control plane has no stream of ${name}`],
          cause: out
            ? `its certificate ${out}: nobody lets it in with that, the control plane neither`
            : 'it does not run, or cannot reach the control plane: it goes on with what it holds until that expires',
          remedy: out ? `find out why; then: hop reenrol ${name}` : `is ${name} running? look at its log`,
        },
      ]
    if (error === undefined) return []
    return [
      {
        severity: 'error',
        name: 'order-refused',
        where: name,
        seen: [`${name} was given version ${version}, has ${acked}, and says: ${error}`],
        cause: 'it could not do what it was told, and stays as it was',
        remedy: 'put right what it names, then order it again',
      },
    ]
  })

const halfWay = ({ state }: Looked): Finding[] => {
  const { rollout, rotation, breakGlass } = state
  const found: Finding[] = []
  if (rollout)
    found.push({
      severity: 'warning',
      name: 'rollout-held',
      where: 'lab',
      seen: [
        `from ${rollout.from} to ${rollout.to}, ${!rollout.reached ? 'on the way to' : rollout.stopAt === rollout.step ? 'held after' : 'watching after'} ${rollout.step}`,
      ],
      cause: 'both ways are open until it ends',
      remedy: `hop ${rollout.guard ? 'rollout' : 'mode'} ${rollout.to} goes on, hop rollback goes back`,
    })
  if (rotation)
    found.push({
      severity: 'warning',
      name: 'rotation-held',
      where: 'lab',
      seen: [rotationSeen(rotation)],
      cause: 'two CAs are in use until it ends',
      remedy: rotation.back
        ? 'hop rotate --back goes on with the way back'
        : `hop rotate ${rotation.what} goes on, hop rotate --back undoes it`,
    })
  if (breakGlass)
    found.push({
      severity: 'warning',
      name: 'break-glass-open',
      where: breakGlass.link,
      seen: [`${breakGlass.transport} until ${new Date(breakGlass.until).toISOString()}: ${breakGlass.reason}`],
      cause: 'this link is relaxed on purpose',
      remedy: 'it ends by itself; hop break-glass --end ends it now',
    })
  return found
}

const rotationSeen = ({ what, reached, step, careless, back }: RotationRow): string => {
  const how = back ? ', being undone' : careless ? `, ${careless} on request` : ''
  return `${what}${how}: ${reached ? 'held after' : 'on the way to'} ${step}`
}

const opened = ({ state, switches }: Looked): Finding[] => {
  const found: Finding[] = state.hops
    .filter(({ verify }) => !verify)
    .map(({ link, caller, callee }) => ({
      severity: 'error',
      name: 'verification-off',
      where: link,
      seen: [`${caller} takes whatever answers as ${callee}`],
      cause: 'the check of the callee is switched off on this link',
      remedy: 'switch it on again: PUT /api/links/LINK/verify of the operator API',
    }))
  const { policy, revocation, renewal, proxyProtocol } = switches
  const off = Object.entries(renewal).filter(([, { on }]) => !on)
  if (policy.kind !== 'least-privilege')
    found.push(switchedTo('policy', policy.kind, 'error', 'callees admit more than the links of the topology'))
  if (proxyProtocol === 'anyone')
    found.push(switchedTo('proxyProtocol', 'anyone', 'error', 'anybody may say which client he speaks for'))
  if (revocation.failure === 'soft-fail')
    found.push(switchedTo('revocation', 'soft-fail', 'warning', 'what cannot be checked for revocation is let through'))
  if (revocation.lists !== 'renewed')
    found.push(switchedTo('revocation', revocation.lists, 'warning', 'revocation lists are not renewed'))
  for (const [name] of off)
    found.push(switchedTo('renewal', `off at ${name}`, 'warning', `the certificates of ${name} will expire`))
  return found
}

const interferedWith = (link: string): Finding => ({
  severity: 'error',
  name: 'wire-interfered',
  where: link,
  seen: ['the tap on this link redirects, refuses, delays or alters what comes by'],
  cause: 'an experiment left it so, or somebody owns the wire',
  remedy: 'POST /wire/LINK/restore of the wire’s API, or hop down and up again',
})

const switchedTo = (name: SwitchName, value: string, severity: Severity, cause: string): Finding => ({
  severity,
  name: `switched-${name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`,
  where: 'lab',
  seen: [`the switch ${name} stands at ${value}`],
  cause,
  remedy: `hop switch ${name} default`,
})

/** As the gate decides: what it refuses is an error, what it finds a warning, and the rest is noted. */
const severityOf: Record<GateFinding['decision'], Severity> = {
  refused: 'error',
  finding: 'warning',
  allowed: 'note',
  noted: 'note',
}

const plaintext = ({
  link,
  decision,
  because,
  connections,
  caller,
  callee,
  data,
  crossesZone,
}: GateFinding): Finding[] =>
  crossesZone || decision !== 'noted'
    ? [
        {
          severity: severityOf[decision],
          name: 'plaintext-across-zones',
          where: link,
          seen: [
            `${counted(connections, 'connection')} in plaintext from ${caller} to ${callee}, with ${data === null ? 'nobody knows what' : data.join(', ') || 'nothing'}`,
          ],
          cause: because,
          remedy: 'a mode that encrypts this link: hop matrix shows which',
        },
      ]
    : []
