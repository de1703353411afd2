import type { GateFinding, GateReport } from '../../scenarios/gate.ts'
import type { Paint } from '../paint.ts'
import { table } from './table.ts'
import { count, shown, unheard } from './words.ts'

const look: Record<GateFinding['decision'], { text: string; paint: keyof Paint }> = {
  refused: { text: '✗ refused', paint: 'bad' },
  finding: { text: '! finding', paint: 'warn' },
  allowed: { text: '– allowed', paint: 'dim' },
  noted: { text: '· noted', paint: 'dim' },
}

/** Every link on which plaintext was seen, the worst first, and the gate's word on all. */
export const renderGate = (report: GateReport, { paint, columns }: { paint: Paint; columns: number }): string => {
  const { findings, topology, mode, since, passed } = report
  const of = (decision: GateFinding['decision']) => findings.filter(each => each.decision === decision).length
  const reach = since === null ? 'as far back as they remember' : `since ${since}`
  const head = `Plaintext seen by the workloads of ${paint.strong(topology)} in ${paint.strong(mode)}, ${reach}`
  const verdict = passed ? paint.good('✓ the gate is open') : paint.bad('✗ the gate is shut')
  const unanswered = report.probe !== undefined && !/^[23]\d\d$/.test(report.probe)
  const unserved =
    unanswered && of('refused') === 0 ? `: its own request got ${report.probe}, so there was little to see` : ''
  const away = unheard(report.away)
  if (findings.length === 0) return [`${head}: none.`, '', ...away, `${verdict}${unserved}`].join('\n')
  const totals = `${of('refused')} refused, ${count(of('finding'), 'finding')}, ${of('allowed')} allowed, ${of('noted')} noted`
  const plain = ['gate', 'link', 'zones', 'seen, last', 'declared'].map(title => ({ title }))
  const rows = findings.map(finding => rowOf(finding, paint))
  const seen = table([...plain, { title: 'data', wrap: true }], rows, { width: columns, dim: paint.dim })
  return [head, '', seen, '', ...away, `${verdict}${unserved || `: ${totals}`}`].join('\n')
}

const rowOf = (finding: GateFinding, paint: Paint): string[] => {
  const { decision, link, zones, connections, refused, lastSeen, declared, intended, data } = finding
  const turnedAway = refused > 0 ? `; ${refused}× turned away` : ''
  return [
    paint[look[decision].paint](look[decision].text),
    shown(link.replace(/:([^:]*)$/, ' → $1'), 60),
    `${zones.caller ?? '?'} → ${zones.callee ?? '?'}`,
    `${connections}×, ${lastSeen.slice(11, 19)}`,
    declared ? 'yes' : intended ? `as ${intended}` : 'no',
    `${data === null ? 'unknown' : data.join(', ')}${turnedAway}`,
  ]
}
