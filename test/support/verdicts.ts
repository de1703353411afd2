import { writeVerdicts } from '../../cli/verdicts-file.ts'

/** One verdict, as a run of a scenario leaves it in a state directory. */
export const verdictsFor = (stateDir: string, topology: string, observedAt: string): void =>
  writeVerdicts(stateDir, {
    topology,
    cells: [
      {
        ...{ scenario: 'eavesdrop', link: 'orders:payments', mode: 'mtls', verdict: 'holds', expected: 'holds' },
        ...{ asExpected: true, evidence: [], control: { passed: true, evidence: [] }, because: 'a test', ms: 1 },
        observedAt,
      },
    ],
  })
