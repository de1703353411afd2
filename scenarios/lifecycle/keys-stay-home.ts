import type { HeldCertificate, Observations } from '../../services/chassis/observation.ts'
import type { StateFile } from '../../services/control/state/state-files.ts'
import { everywhere } from '../expected.ts'
import { count } from '../flows/evidence.ts'
import { idOf } from '../flows/hops.ts'
import { allThatIsSaid, formsOf, placesOf } from '../flows/key-traces.ts'
import { reportsNow } from '../flows/records.ts'
import { genuineCallee } from '../flows/stand-in.ts'
import { type Control, defineScenario, type Evidence, type Observed } from '../scenario.ts'
import { enrolWith, serialOf } from '../tools/insider-credentials.ts'

/** The same in every mode: what is encrypted on the links has nothing to do with where keys are made. */
export default defineScenario({
  id: 'keys-stay-home',
  claims: ['L12'],
  title: 'Does a private key leave the place where it was made?',
  guarantee: 'a private key is known only where it was made',
  explanation:
    'Somebody enrols as a workload does and keeps his private key and his join token at hand; then everything that the control plane and the workloads tell is searched for them in every form, for the operator token, and for any private key at all. A workload renews, and its key must be another one than before. No key may be held at two places: then it would have travelled. Those of the CAs lie on the control plane’s disk: of its state directory and every file in it is looked up who may read it, and nobody else may.',
  per: 'system',
  expected: everywhere('holds'),
  async run(lab) {
    const [workload = ''] = Object.keys(lab.topology.workloads).slice(-1)
    const token = await lab.joinToken(workload, 'a scenario enrols and looks where its key shows')
    const { trustDomain } = lab.topology
    const bundle = async () => (await lab.state()).bundle
    const pair = await enrolWith({ trustDomain, control: lab.access.control, bundle }, workload, token)
    const serial = serialOf(pair)
    try {
      const before = await reportsNow(lab)
      await lab.lifecycle.renew(workload)
      const said = await allThatIsSaid(lab)
      const shows = {
        'the private key': placesOf(said, formsOf(pair)),
        'the join token': placesOf(said, [token]),
        "the operator's token": placesOf(said, [lab.access.token]),
        'a private key of anybody': placesOf(said, ['PRIVATE KEY']),
      }
      const known = { serial: placesOf(said, [serial]), name: placesOf(said, [idOf(lab.topology, workload)]) }
      const held = { before, after: await reportsNow(lab) }
      const files = await lab.stateFiles()
      return judgeKeys({ workload, shows, known, held, files, works: await genuineCallee(lab) })
    } finally {
      await lab.revoke({ serial, reason: 'superseded' })
    }
  },
})

type Held = Record<string, Pick<Observations, 'held'>>

/**
 * `shows`: where each secret was found. `known`: where what is no secret was. `workload`: who renewed in between. `files`: what
 * the control plane keeps on disk.
 */
type Looked = {
  workload: string
  shows: Record<string, string[]>
  known: Record<'serial' | 'name', string[]>
  held: { before: Held; after: Held }
  files: readonly StateFile[]
  works: Control
}

/**
 * Holds when no secret shows anywhere, no key is held at two places, renewal made a new one, and nobody else may read what the
 * control plane keeps. The control: the same search finds the certificate of the key it looks for, and its name; a directory
 * and a file were looked at; and the lab works.
 */
export const judgeKeys = ({ workload, shows, known, held, files, works }: Looked): Observed => {
  const found = Object.entries(shows).filter(([, places]) => places.length > 0)
  const keys = Object.entries(held.after).flatMap(([name, report]) => report.held.map(({ key }) => ({ name, key })))
  const shared = keys.filter(({ name, key }) => keys.some(other => other.key === key && other.name !== name))
  const kept = keysOf(held.before[workload]).filter(key => keysOf(held.after[workload]).includes(key))
  const faults = [
    ...found.map(([secret, places]) => `${secret} shows in ${places.join(', ')}`),
    ...(shared.length > 0 ? [`${shared.map(({ name }) => name).join(' and ')} hold the same key`] : []),
    ...(kept.length > 0 ? [`${workload} renewed its certificate and kept its key`] : []),
    ...files.filter(isOpen).map(file => `${nameOf(file)} is open to others (${permissions(file)})`),
  ]
  return {
    verdict: faults.length === 0 ? 'holds' : 'broken',
    because:
      faults.join('; ') ||
      `${keys.length} keys, each held where it was made, none of them told to anybody; ${files.length} state files, read by nobody else`,
    evidence: [
      ...Object.entries(shows).map(([secret, places]) =>
        count(`places where ${secret} shows`, places.join(', ') || 'nowhere', places.length),
      ),
      ...keys.map(
        ({ name, key }): Evidence => ({
          kind: 'certificate',
          title: 'key held (SPKI, SHA-256)',
          where: name,
          text: key,
        }),
      ),
      ...files.map(
        (file): Evidence => ({
          ...{ kind: 'text', title: `who may read ${nameOf(file)}`, where: 'control plane', text: permissions(file) },
        }),
      ),
    ],
    control: {
      passed: known.serial.length > 0 && known.name.length > 0 && keys.length > 1 && wasLookedAt(files) && works.passed,
      evidence: [
        count(
          "places where the key's own certificate shows",
          known.serial.join(', ') || 'nowhere',
          known.serial.length,
        ),
        count("places where its holder's name shows", known.name.join(', ') || 'nowhere', known.name.length),
        ...works.evidence,
      ],
    },
  }
}

const keysOf = (report: { held: HeldCertificate[] } | undefined): string[] => report?.held.map(({ key }) => key) ?? []

const nameOf = ({ name, kind }: StateFile): string => (name === '.' ? 'the state directory' : `its ${kind} ${name}`)

const permissions = ({ mode, kind, own, names }: StateFile): string =>
  [
    `mode ${mode}`,
    own ? 'its own' : 'somebody else’s',
    ...(kind === 'file' && names > 1 ? [`${names} names`] : []),
  ].join(', ')

/** Others may read or change it, or reach it by another name (a directory has more than one of its own). */
const isOpen = ({ mode, kind, own, names }: StateFile): boolean =>
  !own || kind === 'link' || !mode.endsWith('00') || (kind === 'file' && names > 1)

const wasLookedAt = (files: readonly StateFile[]): boolean =>
  files.some(({ name }) => name === '.') && files.some(({ kind }) => kind === 'file')
