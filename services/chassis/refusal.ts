import { HopError } from '../../pki/error.ts'

/** What the control plane refused with (RFC 9457), as an error: its code, or `control-refused`. */
export const refusal = (path: string, status: number, text: string): HopError => {
  try {
    const { failure, detail } = JSON.parse(text) as { failure?: string; detail?: string }
    return new HopError(failure ?? 'control-refused', { message: `${path}: ${status} ${detail ?? ''}`.trim() })
  } catch {
    return new HopError('control-refused', { message: `${path}: ${status}` })
  }
}
