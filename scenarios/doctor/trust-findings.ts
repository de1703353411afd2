import { drift } from './clock-causes.ts'
import { skewOf, toleratedSkewMs } from './end.ts'
import { answered, type Finding, fromNow, type Looked, type Report } from './finding.ts'

/** A published bundle may take so long to arrive, ms. */
const patienceMs = 3_000

/** Certificates are backdated so far, which forgives a clock as much. */
const forgivenMs = 60_000

const day = 24 * 3600_000

/** Who trusts what, whose lists are old, which CA ends, and whose clock is off. */
export const trustFindings = (looked: Looked): Finding[] => [
  ...answered(looked).flatMap(report => [
    ...clockOf(looked, report),
    ...behind(looked, report),
    ...rootsOf(looked, report),
    ...listsOf(looked, report),
  ]),
  ...authoritiesOf(looked),
]

const clockOf = (_: Looked, { workload, clock, asked, answered: at }: Report): Finding[] => {
  const skewMs = clock === undefined ? 0 : skewOf(clock, asked, at)
  if (Math.abs(skewMs) <= toleratedSkewMs) return []
  return [
    {
      severity: Math.abs(skewMs) >= forgivenMs ? 'error' : 'warning',
      name: 'clock-skew',
      where: workload,
      seen: [`${workload} says it is ${clock}`, `whoever asked has between ${iso(asked)} and ${iso(at)}`],
      cause: `its clock is ${drift(skewMs)}: certificates and lists are judged by it`,
      remedy: `set the clock of ${workload}; no certificate needs to be renewed for this`,
    },
  ]
}

const behind = ({ now, trust, switches }: Looked, { workload, trust: held }: Report): Finding[] => {
  const known = trust.workloads[workload]
  const has = held?.version ?? known?.version ?? 0
  if (has >= trust.version || now - trust.publishedAt < patienceMs) return []
  const withheld = switches.trustWithheld.includes(workload)
  return [
    {
      severity: 'error',
      name: 'bundle-missed',
      where: workload,
      seen: [
        `the control plane gives out version ${trust.version} since ${iso(trust.publishedAt)}`,
        `${workload} holds version ${has}${known?.error ? `: ${known.error}` : ''}`,
      ],
      cause: withheld
        ? 'it is kept from being told whom to trust (switch trustWithheld)'
        : 'the last bundle or list did not arrive, or was not taken',
      remedy: withheld
        ? 'hop switch trustWithheld default'
        : `is ${workload} connected? restart it if it is, and look at its log`,
    },
  ]
}

const rootsOf = ({ trust }: Looked, { workload, trust: held }: Report): Finding[] => {
  if (!held) return []
  const ours = trust.authorities.filter(({ kind, trusted }) => kind === 'root' && trusted)
  const missing = ours.filter(({ id }) => !held.roots.includes(id))
  const foreign = held.roots.filter(id => !ours.some(root => root.id === id))
  const seen = [
    `${workload} trusts ${held.roots.map(short).join(', ')}`,
    `the lab has ${ours.map(({ id }) => short(id)).join(', ')}`,
  ]
  const found: Finding[] = []
  if (missing.length > 0)
    found.push({
      severity: 'error',
      name: held.roots.length === foreign.length ? 'two-pkis' : 'root-missing',
      where: workload,
      seen,
      cause: `it does not trust ${missing.map(({ id }) => short(id)).join(', ')}: it will refuse whoever holds a certificate from there`,
      remedy: 'give it the bundle before anybody shows a certificate of the new root',
    })
  else if (foreign.length > 0)
    found.push({
      severity: 'error',
      name: 'foreign-root',
      where: workload,
      seen,
      cause: `it also trusts ${foreign.map(short).join(', ')}, which is not of this lab, or not any more`,
      remedy: 'give it the present bundle; finish the rotation',
    })
  return found
}

const listsOf = ({ now, trust, switches }: Looked, { workload, trust: held }: Report): Finding[] => {
  if (!held) return []
  const open = switches.revocation.failure === 'soft-fail'
  const consequence = open ? 'what cannot be checked is let through' : 'it refuses everybody whose chain needs it'
  const remedy = 'publish lists again: hop switch revocation default'
  return trust.authorities.flatMap(({ id, kind, trusted }): Finding[] => {
    if (!trusted) return []
    const list = held.crls.find(({ issuer }) => issuer === id)
    const about = { where: workload, remedy }
    if (!list)
      return [
        {
          ...about,
          severity: 'error',
          name: 'list-missing',
          seen: [`${workload} has no revocation list of ${kind} ${short(id)}`],
          cause: `the list was not given out; ${consequence}`,
        },
      ]
    const ends = Date.parse(list.nextUpdate)
    const life = ends - Date.parse(list.thisUpdate)
    const seen = [`${workload} holds list ${list.number} of ${kind} ${short(id)}, good until ${list.nextUpdate}`]
    if (ends <= now)
      return [
        {
          ...about,
          severity: 'error',
          name: 'list-stale',
          seen,
          cause: `it ended ${fromNow(ends, now)}; ${consequence}`,
        },
      ]
    if (ends - now < life / 10)
      return [
        {
          ...about,
          severity: 'warning',
          name: 'list-soon-stale',
          seen,
          cause: `it ends ${fromNow(ends, now)}, and no newer one has come`,
        },
      ]
    return []
  })
}

const authoritiesOf = ({ now, trust }: Looked): Finding[] =>
  trust.authorities.flatMap(({ id, kind, notAfter, active }): Finding[] => {
    if (!active || notAfter - now > 14 * day) return []
    return [
      {
        severity: notAfter <= now ? 'error' : 'warning',
        name: 'authority-runs-out',
        where: 'lab',
        seen: [`the CA ${kind} ${short(id)} is good until ${iso(notAfter)}`],
        cause: `it ends ${fromNow(notAfter, now)}, and with it everything it issued`,
        remedy: `hop rotate ${kind === 'root' ? 'root' : 'intermediate'}`,
      },
    ]
  })

const iso = (ms: number): string => new Date(ms).toISOString()
const short = (id: string): string => id.slice(0, 8)
