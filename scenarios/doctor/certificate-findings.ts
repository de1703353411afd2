import type { HeldCertificate, RenewalRecord } from '../../services/chassis/observation.ts'
import { answered, type Finding, fromNow, type Looked, type Report } from './finding.ts'

/** Renewal begins at half of a lifetime, give or take a tenth: whoever is beyond this has missed it. */
const dueAt = 0.8

/** How long loading may take, ms. */
const patienceMs = 5_000

/** Certificates that ended, will, or are not the ones that were issued last. */
export const certificateFindings = (looked: Looked): Finding[] =>
  answered(looked).flatMap(report => report.held.flatMap(held => findingsOf(looked, report, held)))

const findingsOf = (looked: Looked, report: Report, held: HeldCertificate): Finding[] => {
  const { now, switches } = looked
  const renewal = report.renewals?.find(({ kind, name }) => kind === held.kind && name === held.name)
  const about = { where: report.workload }
  const shows = `${report.workload} holds ${held.serial.slice(0, 8)} for ${held.name}, good until ${held.notAfter}`
  const tried = renewal ? triedIn(renewal) : `${report.workload} tells of no renewal`
  const off = switches.renewal[report.workload]?.on === false
  const whyNot = off
    ? 'renewal is switched off there'
    : (renewal?.failure && 'renewal fails there') || 'it was not renewed in time'
  const remedy = off
    ? `switch renewal on again, then: hop renew ${report.workload}`
    : `hop renew ${report.workload}; look at its log`
  const ends = Date.parse(held.notAfter)
  // certificates are backdated: their life begins when they were issued
  const begins = looked.certificates.find(({ serial }) => serial === held.serial)?.at ?? Date.parse(held.notBefore)
  const found: Finding[] = []
  if (ends <= now)
    found.push({
      ...about,
      severity: 'error',
      name: 'certificate-expired',
      seen: [shows, tried],
      cause: `it ended ${fromNow(ends, now)}: ${whyNot}`,
      // who has nothing valid left cannot ask for more
      remedy: held.kind === 'workload' ? `hop reenrol ${report.workload}; look at its log` : remedy,
    })
  else if ((now - begins) / (ends - begins) > dueAt)
    found.push({
      ...about,
      severity: 'warning',
      name: 'certificate-about-to-expire',
      seen: [shows, tried],
      cause: `it ends ${fromNow(ends, now)}: ${whyNot}`,
      remedy,
    })
  else if (renewal?.failure && renewal.failures > 0)
    found.push({
      ...about,
      severity: 'warning',
      name: 'renewal-failing',
      seen: [shows, tried],
      cause: `the last ${renewal.failures} did not work`,
      remedy,
    })
  return [...found, ...notLoaded(looked, held, renewal, about), ...ofOthers(looked, held, about)]
}

const triedIn = ({ at, failure, failures }: RenewalRecord): string =>
  failure
    ? `its last try at ${at} failed as ${failure.name} (${failure.code}), ${failures} in a row`
    : `it renewed at ${at}`

type About = Pick<Finding, 'where'>

/** Newer than the one that is held: by the workload's own word, or by the ledger's. */
const notLoaded = (
  { now, certificates }: Looked,
  held: HeldCertificate,
  renewal: RenewalRecord | undefined,
  about: About,
): Finding[] => {
  const mine = certificates.filter(
    ({ name, kind, by, revokedAt }) => name === held.name && kind === held.kind && by === 'renew' && revokedAt === null,
  )
  const newest = mine.reduce<(typeof mine)[number] | undefined>(
    (last, row) => (last && last.at >= row.at ? last : row),
    undefined,
  )
  const known = certificates.find(({ serial }) => serial === held.serial)
  const came =
    renewal?.failure && renewal.serial !== undefined && renewal.serial !== held.serial ? renewal.serial : undefined
  const late = newest && known && newest.at > known.at && now - newest.at > patienceMs ? newest.serial : undefined
  const other = came ?? late
  if (other === undefined) return []
  const seen = [
    `${about.where} uses ${held.serial.slice(0, 8)} for ${held.name}`,
    `the control plane issued ${other.slice(0, 8)} since`,
  ]
  const cause = `a newer certificate was issued and is not in use${renewal?.failure ? `: ${renewal.failure.name}` : ''}`
  return [
    {
      ...about,
      severity: 'warning',
      name: 'renewed-not-loaded',
      seen,
      cause,
      remedy: `look at the log of ${about.where}, then: hop renew ${about.where}`,
    },
  ]
}

/** Issued by nobody whom this lab trusts, or revoked. */
const ofOthers = ({ trust, certificates }: Looked, held: HeldCertificate, about: About): Finding[] => {
  const found: Finding[] = []
  if (held.issuer !== '' && !trust.authorities.some(({ id, trusted }) => trusted && id === held.issuer))
    found.push({
      ...about,
      severity: 'error',
      name: 'two-pkis',
      seen: [
        `${about.where} holds a certificate of the CA ${held.issuer.slice(0, 8)} for ${held.name}`,
        `the lab has ${trust.authorities.map(({ id }) => id.slice(0, 8)).join(', ')}`,
      ],
      cause: 'a second PKI: peers that trust this lab alone refuse it',
      remedy: `let it enrol here: hop reenrol ${about.where}; or give everybody both roots first`,
    })
  const row = certificates.find(({ serial }) => serial === held.serial)
  if (row?.revokedAt)
    found.push({
      ...about,
      severity: 'error',
      name: 'holds-revoked',
      seen: [
        `${about.where} uses ${held.serial.slice(0, 8)} for ${held.name}`,
        `it was revoked: ${row.reason ?? 'no reason given'}`,
      ],
      cause: 'a certificate that was revoked is still in use',
      remedy: `find out why it was revoked, then: hop reenrol ${about.where}`,
    })
  return found
}
