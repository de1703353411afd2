import { client, type Link, type Sensitivity, type Topology } from '../../services/topology/topology.ts'

/** How much a link has to lose to whoever sits on the network (claim S3). */
export type Risk = {
  /** Of the gravest class of data on it; undefined where it carries none. */
  data: Sensitivity | undefined
  crossesZone: boolean
  intoSensitive: boolean
  /** Classes of that gravity. */
  classes: string[]
  /** What the rank rests on, in words. */
  because: string
}

const gravity: readonly Sensitivity[] = ['ordinary', 'personal', 'secret']

/** Computed from the topology alone: what the link carries, and where its ends stand. */
export const riskOf = (topology: Topology, link: Link): Risk => {
  const { data, workloads } = topology
  const weightOf = (name: string) => gravity.indexOf(data[name] ?? 'ordinary')
  const most = Math.max(-1, ...link.data.map(weightOf))
  const gravest = gravity[most]
  const classes = link.data.filter(name => weightOf(name) === most)
  const { crossesZone, intoSensitive } = link
  const zone = (name: string) => (name === client ? 'the public' : (workloads[name]?.zone ?? 'nobody knows where'))
  const border = crossesZone ? `crosses ${zone(link.caller)} → ${zone(link.callee)}` : `stays in ${zone(link.callee)}`
  const carried = gravest === undefined ? 'carries no data' : `carries ${gravest} data (${classes.join(', ')})`
  return {
    ...{ data: gravest, crossesZone, intoSensitive, classes },
    because: `${carried}, ${border}${intoSensitive ? ', a sensitive zone' : ''}`,
  }
}

/** The riskier first: by the gravest data, then by the border, the sensitive zone, and how many classes there are. */
export const byRisk = (a: Risk, b: Risk): number => {
  const keys = (risk: Risk) => [
    risk.data === undefined ? -1 : gravity.indexOf(risk.data),
    Number(risk.crossesZone),
    Number(risk.intoSensitive),
    risk.classes.length,
  ]
  const [mine, others] = [keys(a), keys(b)]
  return mine.map((key, i) => others[i]! - key).find(difference => difference !== 0) ?? 0
}
