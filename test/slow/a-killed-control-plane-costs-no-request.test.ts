import { killedUnderLoad } from '../support/killed-under-load.ts'

killedUnderLoad([
  ['widen', 'mtls'],
  ['move', 'passthrough'],
  ['narrow', 'hybrid'],
  ['move', 'edge-terminate-plaintext'],
])
