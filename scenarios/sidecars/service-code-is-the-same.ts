import type { ProgramRun } from '../../services/chassis/observation.ts'
import { type Mode, modes } from '../../services/modes.ts'
import { everywhere } from '../expected.ts'
import { answerShape } from '../flows/answer-shape.ts'
import { succeeded } from '../flows/evidence.ts'
import { mark, reportsNow } from '../flows/records.ts'
import { readStory, type Story } from '../flows/story.ts'
import type { LabClient } from '../lab-client.ts'
import { defineScenario, type Evidence, type Observed } from '../scenario.ts'
import type { Attempt } from '../tools/attempt.ts'
import { freshCanary } from '../tools/canary.ts'
import { createOutsider } from '../tools/outsider.ts'

export default defineScenario({
  id: 'service-code-is-the-same',
  claims: ['S6'],
  title: 'Does a service have to change when the design does?',
  guarantee: 'the same running services answer the same way in every mode',
  explanation:
    'The lab goes through all modes and back, and in each one the same request is sent. Every workload reports which code it runs and since when: no restart, no other code, and an answer of the same shape, while the records show that the transports between them did change.',
  per: 'system',
  expected: everywhere('holds'),
  async run(lab) {
    const { mode: present } = await lab.state()
    const before = await programsIn(lab)
    const asked: Asked[] = []
    const transports = new Map<string, string>()
    try {
      for (const mode of endingWith(present)) {
        await lab.switchMode(mode)
        asked.push(await ask(lab, mode, transports))
      }
    } finally {
      await lab.switchMode(present)
    }
    return judgeSameCode({ before, after: await programsIn(lab), asked })
  },
})

/** All modes once round, the last one the given. */
const endingWith = (last: Mode): Mode[] => {
  const end = modes.indexOf(last) + 1
  return [...modes.slice(end), ...modes.slice(0, end)]
}

/** By workload. */
type Programs = Record<string, ProgramRun | undefined>

/** One request in one mode; `transports` by link, as far as the callees recorded them. */
type Asked = { mode: Mode; attempt: Attempt; transports: Record<string, string> }

const programsIn = async (lab: LabClient): Promise<Programs> =>
  Object.fromEntries(Object.entries(await reportsNow(lab)).map(([name, { program }]) => [name, program]))

/** `known`: the transport of every connection seen so far, by its id; those of links that a switch left alone stay open. */
const ask = async (lab: LabClient, mode: Mode, known: Map<string, string>): Promise<Asked> => {
  const marks = await mark(lab)
  const { method, path, body, headers } = freshCanary(lab.topology)
  const outsider = await createOutsider(lab)
  const attempt = await outsider.send({ method, path, body, headers })
  const story = await readStory(lab, marks, { method, path, from: outsider.from })
  for (const { connections } of Object.values(story.reports))
    for (const { id, transport } of connections) if (transport !== undefined) known.set(id, transport)
  return { mode, attempt, transports: transportsIn(story, known) }
}

const transportsIn = ({ told }: Story, known: Map<string, string>): Record<string, string> =>
  Object.fromEntries(
    told.flatMap(({ rule, connection }) => {
      const transport = known.get(connection)
      return rule !== undefined && transport !== undefined ? [[rule, transport]] : []
    }),
  )

/**
 * Holds when every workload is the same run of the same code as before, and every answer has the same status and shape.
 * The control: everybody told what it runs, every request was answered, and some link did change its transport.
 */
export const judgeSameCode = ({
  before,
  after,
  asked,
}: {
  before: Programs
  after: Programs
  asked: Asked[]
}): Observed => {
  const names = Object.keys(before)
  const changed = names.filter(name => {
    const [then, now] = [before[name], after[name]]
    return then?.digest !== now?.digest || then?.instance !== now?.instance || then?.startedAt !== now?.startedAt
  })
  const shapes = new Set(asked.map(({ attempt }) => answerShape(attempt)))
  const links = new Set(asked.flatMap(({ transports }) => Object.keys(transports)))
  const moved = [...links].filter(link => new Set(asked.flatMap(({ transports }) => transports[link] ?? [])).size > 1)
  const holds = changed.length === 0 && shapes.size === 1
  const known = names.length > 0 && names.every(name => before[name] !== undefined && after[name] !== undefined)
  return {
    verdict: holds ? 'holds' : 'broken',
    because: holds
      ? `${names.length} programs ran on unchanged through ${asked.length} modes and answered alike`
      : changed.length > 0
        ? `${changed.join(', ')} did not run on unchanged`
        : `the same request had ${shapes.size} kinds of answer`,
    evidence: [...names.flatMap(name => describeRun(name, after[name])), ...asked.map(describeAnswer)],
    control: {
      passed: known && moved.length > 0 && asked.every(({ attempt }) => succeeded(attempt)),
      evidence: asked.map(describeTransports),
    },
  }
}

const describeRun = (workload: string, run: ProgramRun | undefined): Evidence[] =>
  run === undefined
    ? []
    : [
        {
          ...{ kind: 'text', title: `what ${workload} runs`, where: workload },
          text: `${run.name}, SHA-256 ${run.digest.slice(0, 16)}…, instance ${run.instance}, since ${run.startedAt}`,
        },
      ]

const describeAnswer = ({ mode, attempt }: Asked): Evidence => ({
  ...{ kind: 'request', title: `the answer under ${mode}`, where: 'client', text: answerShape(attempt) },
})

const describeTransports = ({ mode, transports }: Asked): Evidence => ({
  ...{ kind: 'text', title: `the links under ${mode}`, where: 'client' },
  text: Object.entries(transports)
    .map(([link, transport]) => `${link} ${transport}`)
    .join(', '),
})
