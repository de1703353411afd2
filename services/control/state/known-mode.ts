import { HopError } from '../../../pki/error.ts'
import { isMode, type Mode } from '../../modes.ts'

/** A mode as it stands in the state, which may have been written by a version of hop with other modes. Throws `state-other-version`. */
export const knownMode = (name: string): Mode => {
  if (isMode(name)) return name
  throw new HopError('state-other-version', {
    field: 'mode in the state',
    expected: 'a mode of this version',
    found: name,
    remedy: 'Remove the state directory to start afresh',
  })
}
