import { readFileSync } from 'node:fs'
import { HopError } from '../../../pki/error.ts'

/** The shop's file as text, for tests that change one thing in it. */
export const shop = readFileSync(new URL('../../../topologies/shop.yaml', import.meta.url), 'utf8')

/** The HopError a call throws; fails the test when it throws none. */
export const thrownBy = (call: () => unknown): HopError => {
  try {
    call()
  } catch (error) {
    if (error instanceof HopError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}
