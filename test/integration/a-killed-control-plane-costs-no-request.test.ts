import { killedUnderLoad } from '../support/killed-under-load.ts'

killedUnderLoad([['move', 'mtls']])
