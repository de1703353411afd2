import type { Observations } from '../../services/chassis/observation.ts'
import { createPublicClient, operator, type TestLab } from './lab.ts'
import { startLoad } from './load.ts'

/** What every workload has on record now. */
export const reportsOf = async (lab: TestLab): Promise<Observations[]> => {
  const names = Object.keys(lab.topology.workloads)
  return Promise.all(
    names.map(name => operator(lab, 'GET', `/api/workloads/${name}/report?since=999999`) as Promise<Observations>),
  )
}

/** Loads the lab until every certificate in it has been replaced so often; what was lost, and the serials by certificate. */
export const renewUnderLoad = async (lab: TestLab, times: number) => {
  const kept = await createPublicClient(lab)
  const load = startLoad(kept, 6)
  const fresh = startLoad({ ...kept, send: () => kept.send({ headers: { connection: 'close' }, reset: true }) }, 2)
  const seen = new Map<string, Set<string>>()
  const enough = () => seen.size > 0 && [...seen.values()].every(set => set.size > times)
  while (!enough() && load.tally.lost.length === 0 && fresh.tally.lost.length === 0) {
    for (const { workload, held } of await reportsOf(lab))
      for (const { kind, serial } of held) {
        const key = `${workload}/${kind}`
        seen.set(key, (seen.get(key) ?? new Set()).add(serial))
      }
    await load.more(20)
  }
  const [one, other] = await Promise.all([load.stop(), fresh.stop()])
  await kept.close()
  return { lost: [...one.lost, ...other.lost], answered: [one.answered, other.answered], seen }
}
