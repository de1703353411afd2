import type { LabAccess } from '../../lab/embedded.ts'
import { HopError } from '../../pki/error.ts'
import { connectLab } from '../../scenarios/lab-client.ts'
import type { Switches } from '../../services/control/rollout/switches.ts'
import type { Mode } from '../../services/modes.ts'
import { putBack, type Stand, standOf } from '../kept-lab.ts'

/** Puts a lab where a lesson begins: in its mode, with every switch at its default, everybody there, nothing under way. Throws `lesson-lab`. */
export const bringAbout = async (access: LabAccess, mode: Mode): Promise<void> => {
  const lab = await connectLab(access)
  try {
    const { state } = await standOf(lab)
    for (const name of Object.keys(state.switched) as (keyof Switches)[]) await lab.resetSwitch(name)
    await putBack(access, orderly(await standOf(lab), mode))
    const now = await lab.state()
    if (now.mode === mode && now.settled && Object.keys(now.switched).length === 0) return
    throw new HopError('lesson-lab', {
      field: 'lab',
      expected: `everybody there in ${mode}, nothing switched`,
      found: `${now.mode}, ${now.settled ? 'settled' : 'not settled'}, switched: ${Object.keys(now.switched).join(', ') || 'nothing'}`,
      remedy: 'hop doctor says what is wrong; hop down and hop up bring a lab that nobody has touched',
    })
  } finally {
    await lab.close()
  }
}

const orderly = ({ switches, state }: Stand, mode: Mode): Stand => ({
  switches,
  state: {
    ...state,
    ...{ mode, rollout: null, rotation: null, breakGlass: null },
    hops: state.hops.map(hop => ({ ...hop, verify: true })),
    workloads: state.workloads.map(workload => ({ ...workload, connected: true })),
  },
})
