import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Mode } from '../services/modes.ts'
import { chooseMode, port } from './choice.ts'
import { readLifetime } from './since.ts'

/** What `up` and `start` take from the command line, as written there. */
export type UpWords = {
  mode?: string
  topology?: string
  wire?: boolean
  detach?: boolean
  operatorPort?: string
  edgePort?: string
  lifetime?: string
  verbose?: boolean
  announce?: boolean
}

/** The same, understood. */
export type UpOptions = {
  topologyFile: string
  /** It was asked for, so a new lab starts in the mode that fits its situation. */
  topologyGiven: boolean
  mode?: Mode
  wire: boolean
  operatorPort?: number
  edgePort?: number
  /** How long certificates live, ms. Absent: the usual. */
  lifetimeMs?: number
  verbose: boolean
}

/** The topology that is meant where none is given. */
export const shop = fileURLToPath(new URL('../topologies/shop.yaml', import.meta.url))

/** Throws `mode-unknown` and `usage`. */
export const readUpWords = (words: UpWords): UpOptions => {
  const operatorPort = port('--operator-port', words.operatorPort)
  const edgePort = port('--edge-port', words.edgePort)
  const lifetimeMs = readLifetime(words.lifetime)
  return {
    topologyFile: words.topology ?? shop,
    topologyGiven: words.topology !== undefined,
    wire: words.wire !== false,
    verbose: words.verbose === true,
    ...(words.mode === undefined ? {} : { mode: chooseMode(words.mode) }),
    ...(operatorPort && { operatorPort }),
    ...(edgePort && { edgePort }),
    ...(lifetimeMs && { lifetimeMs }),
  }
}

/** `--state`, else HOP_STATE, else `.hop` here. */
export const stateDirOf = (word: string | undefined, env: NodeJS.ProcessEnv): string =>
  resolve(word ?? (env.HOP_STATE || '.hop'))
