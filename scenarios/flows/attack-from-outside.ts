import type { LabClient } from '../lab-client.ts'
import { scriptInQuery } from '../tools/attack-pattern.ts'
import type { Attempt } from '../tools/attempt.ts'
import { freshCanary } from '../tools/canary.ts'
import { createOutsider } from '../tools/outsider.ts'
import { mark } from './records.ts'
import { readStory, type Told } from './story.ts'

/** What the attacker got, and what everybody recorded of it. */
export type Attacked = { attempt: Attempt; told: readonly Told[] }

/** Sends the probe with an attack in its query, or with another query. */
export const attackFromOutside = async (lab: LabClient, query = scriptInQuery): Promise<Attacked> => {
  const { method, path, body, headers } = freshCanary(lab.topology)
  const marks = await mark(lab)
  const attempt = await (await createOutsider(lab)).send({ method, path: path + query, body, headers })
  const { told } = await readStory(lab, marks, { method, path })
  return { attempt, told }
}
