import { HopError } from '../pki/error.ts'

/** Exit codes, for scripts; `hop --help` says the same. */
export const exit = { ok: 0, failed: 1, usage: 2, noLab: 3, interrupted: 130 } as const

const noLab = [
  'no-lab',
  'lab-not-running',
  'lab-gone',
  'lab-other-version',
  'lab-file-unreadable',
  'lab-file-not-ours',
  'operator-token',
]

const usage = [
  'usage',
  'command-unknown',
  'step-unknown',
  'order-unknown',
  'ca-unknown',
  'bad-topology',
  'otlp-endpoint',
  'topology-unreadable',
  'mode-unknown',
  'scenario-unknown',
  'request-unknown',
  'switch-unknown',
  'link-unknown',
  'link-not-inside',
  'lesson-unknown',
  'lesson-topology',
  'prediction-unknown',
  'certificate-unknown',
  'suite-unknown',
  'version-unknown',
  'key-type-unknown',
  'tls-policy-empty',
  'break-glass-link',
  'break-glass-not-weaker',
  'breakage-unknown',
  'side-unknown',
  'tls-unknown',
  'workload-unknown',
  'canary-invalid',
  'reason-unknown',
  'revocable-unknown',
  'not-confirmed',
  'body-invalid',
  'body-malformed',
  'body-too-large',
  'wire-off',
  'port-taken',
  'port-forbidden',
  'lab-already-running',
  'file-not-writable',
  'file-not-a-page',
  'no-verdicts',
  'target-unknown',
  'export-name',
  'export-foreign',
  'export-not-writable',
]

/** The exit code an error ends a command with. */
export const exitCodeOf = (error: unknown): number => {
  if (!(error instanceof HopError)) return exit.failed
  if (error.code === 'interrupted') return exit.interrupted
  if (noLab.includes(error.code)) return exit.noLab
  return usage.includes(error.code) || /^(state|verdicts)-/.test(error.code) ? exit.usage : exit.failed
}
