import type { LabAccess } from '../lab/embedded.ts'
import { HopError } from '../pki/error.ts'
import { createLabHttp, errorOf, type ProblemParts } from '../scenarios/lab-http.ts'
import type { Outcome, Progress } from '../services/control/rollout/rollout.ts'
import type { Step } from '../services/control/rollout/steps.ts'
import type { Mode } from '../services/modes.ts'

type LastLine = ({ done: true } & Outcome) | { done: false; problem: ProblemParts }

/** Goes to a mode (with `stopAt` it holds there), or back to where the rollout came from. Throws what the lab refused with. */
export const rollOut = async (
  access: LabAccess,
  what: { mode: Mode; stopAt?: Step } | 'back',
  onProgress: (progress: Progress) => void,
): Promise<Outcome> => {
  const http = createLabHttp(access.operator, access.token)
  try {
    const lines = what === 'back' ? http.lines('POST', '/api/rollout/rollback') : http.lines('PUT', '/api/mode', what)
    for await (const line of lines) {
      const said = line as Progress | LastLine
      if ('type' in said) onProgress(said)
      else if (!said.done) throw errorOf(said.problem)
      else return { mode: said.mode, ...(said.heldAt && { heldAt: said.heldAt }) }
    }
  } finally {
    await http.close()
  }
  throw new HopError('lab-gone', { message: 'The lab went away during the rollout' })
}
