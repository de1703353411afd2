import { interferedLinks } from '../flows/wire.ts'
import { observeGate } from '../gate.ts'
import type { LabClient } from '../lab-client.ts'
import { certificateFindings } from './certificate-findings.ts'
import { type Finding, type Looked, type Report, severities } from './finding.ts'
import { labFindings } from './lab-findings.ts'
import { type Refusals, refusalsIn } from './refusals.ts'
import { trustFindings } from './trust-findings.ts'

/** What the doctor says of a lab, the worst first. */
export type Examination = {
  topology: string
  mode: string
  /** ISO 8601. */
  at: string
  findings: Finding[]
  errors: number
  warnings: number
}

export type ExamineOptions = {
  /** How far back refused connections count, ms. */
  sinceMs?: number
  /** Sends one request of the public client first, so that there is something to see. */
  probe?: boolean
}

const usualSinceMs = 10 * 60_000

/** Asks everybody in a running lab, and says what is wrong. Changes nothing. */
export const examine = async (lab: LabClient, options: ExamineOptions = {}): Promise<Examination> => {
  const looked = await look(lab, options.probe ?? true)
  return examineLooked(looked, looked.now - (options.sinceMs ?? usualSinceMs))
}

/** The same of what was looked at; refused connections count from `since` (ms). */
export const examineLooked = (looked: Looked, since: number): Examination => {
  const findings = [
    ...labFindings(looked),
    ...certificateFindings(looked),
    ...trustFindings(looked),
    ...refusalsIn(looked, since).map(refused),
  ].sort((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity))
  const of = (severity: Finding['severity']) => findings.filter(each => each.severity === severity).length
  return {
    topology: looked.topology.name,
    mode: looked.state.mode,
    at: new Date(looked.now).toISOString(),
    findings,
    errors: of('error'),
    warnings: of('warning'),
  }
}

/** A link that does not work is an error; one that works again, or a stranger turned away, is worth a note. */
const refused = ({ link, caller, callee, cause, times, last, over, stranger }: Refusals): Finding => {
  const told = (name: string, failure: { name: string; code: string } | undefined) =>
    failure ? `${name}: ${failure.name} (${failure.code})` : `${name}: no record of it`
  return {
    severity: over || stranger ? 'note' : 'error',
    name: `refused-${cause.name}`,
    where: link,
    seen: [
      told(caller, cause.seen.caller),
      told(callee, cause.seen.callee),
      `${times}×, last ${last}${over ? ', served since' : ''}`,
    ],
    cause: cause.sentence,
    remedy: stranger ? 'find out who he is; nothing to do if it was an experiment' : cause.remedy,
  }
}

/** Everything once, each workload between two looks at the clock. */
export const look = async (lab: LabClient, probe: boolean): Promise<Looked> => {
  const gate = await observeGate(lab, { probe })
  const ask = async (name: string): Promise<[string, Report | undefined]> => {
    const asked = Date.now()
    const report = await lab.report(name).catch(() => undefined)
    return [name, report && { ...report, asked, answered: Date.now() }]
  }
  const [state, switches, trust, certificates, interfered, reports] = await Promise.all([
    lab.state(),
    lab.switches(),
    lab.lifecycle.trust(),
    lab.lifecycle.certificates(),
    interferedLinks(lab),
    Promise.all(Object.keys(lab.topology.workloads).map(ask)),
  ])
  const { topology } = lab
  const seen = { state, switches, trust, certificates, interfered, reports: Object.fromEntries(reports), gate }
  return { now: Date.now(), topology, ...seen }
}
