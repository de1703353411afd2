import type { CertificateCounts, CountsAtScale } from '../../scenarios/certificate-counts.ts'
import type { InventoryItem } from '../../scenarios/inventory.ts'
import type { Mode } from '../../services/modes.ts'
import { linkTitle } from '../../services/topology/topology.ts'
import type { Paint } from '../paint.ts'
import { table, wrap } from './table.ts'
import { count, shown, workloadOf } from './words.ts'

type Look = { paint: Paint; columns: number }

/** Every certificate, its age, and the links on which it was seen in the present mode. */
export const renderInventory = (items: readonly InventoryItem[], mode: Mode, { paint, columns }: Look): string => {
  const rows = items.map(({ kind, name, holder, serial, issuer, remainingS, renewalDue, links, state }) => [
    shown(workloadOf(name), 60),
    kind,
    holder ?? paint.dim('nobody'),
    serial.slice(0, 8),
    shown(issuer, 12),
    state === 'valid' ? span(remainingS) : paint.bad(state),
    renewalDue === null ? (holder === null ? '–' : paint.warn('off')) : renewalDue.slice(11, 19),
    links.length === 0 ? paint.dim('not used') : links.map(linkTitle).join(', '),
  ])
  const titles = ['certificate', 'kind', 'held by', 'serial', 'issuer', 'left', 'renewal']
  const columnsOf = [...titles.map(title => ({ title })), { title: 'shown on', wrap: true }]
  const valid = items.filter(({ state }) => state === 'valid').length
  return [
    `${count(items.length, 'certificate')} in ${paint.strong(mode)}, ${valid} of them valid`,
    '',
    table(columnsOf, rows, { width: columns, dim: paint.dim }),
  ].join('\n')
}

type Counted = {
  topology: string
  mode: Mode
  workloads: number
  observed: CertificateCounts
  scaled: CountsAtScale[]
  formula: string
}

/** How much certificate work the present mode is, observed and extrapolated. */
export const renderCounts = ({ topology, mode, workloads, observed, scaled, formula }: Counted, look: Look): string => {
  const { paint, columns } = look
  const row = (what: string, of: { certificates: number; owners: number; issuancesPerHour: number }) => [
    what,
    String(of.certificates),
    String(of.owners),
    rate(of.issuancesPerHour),
  ]
  const right = ['certificates', 'owners', 'issued per hour'].map(title => ({ title, right: true }))
  return [
    `Certificates in use in ${paint.strong(mode)}: ${observed.owners.join(', ')}`,
    '',
    table(
      [{ title: 'services' }, ...right],
      [
        row(`${topology} (${workloads}), observed`, { ...observed, owners: observed.owners.length }),
        ...scaled.map(each => row(`${each.services}, extrapolated`, each)),
      ],
      { width: columns, dim: paint.dim },
    ),
    '',
    ...wrap(formula, columns).map(paint.dim),
  ].join('\n')
}

const rate = (perHour: number): string => (perHour < 10 ? perHour.toFixed(1) : String(Math.round(perHour)))

/** 42 s, 12 min, 23 h, 3 d. */
/** A time in the largest unit that fits. */
export const span = (seconds: number): string => {
  if (seconds < 120) return `${seconds} s`
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`
}
