import { existsSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import type { Logger } from 'pino'
import { HopError } from '../../pki/error.ts'
import { splitPem } from '../../pki/pem.ts'
import { introduce } from '../chassis/bootstrap-client.ts'
import { readBootstrapSecret } from '../chassis/bootstrap-secret.ts'
import type { Address } from '../chassis/transport.ts'
import { readGiven } from './secret-files.ts'
import { required, type Settings } from './settings.ts'

/** Joins with a token, trusting `roots`. */
type Join = (token: string, roots: string[]) => Promise<void>

/** What lets a workload in without a certificate. */
export type WayIn = {
  /** It does so each time it is asked. */
  isLasting: boolean
  /** Joins for the first time; waits for a control plane that is not there yet. Rejects where waiting would not help. */
  first(join: Join): Promise<void>
  /** One try of a process that was a member before. */
  again(join: Join): Promise<void>
}

/** By a bootstrap secret where there is one, else by a join token and a bundle that somebody put there. Throws `usage`. */
export const wayIn = (workload: string, control: Address, settings: Settings, log: Logger): WayIn =>
  settings.bootstrapSecretFile === undefined
    ? byToken(settings)
    : bySecret(workload, control, settings.bootstrapSecretFile, log)

/** How long a workload with a token waits for a control plane that is not there yet. */
const patience = { pauseMs: 250, tries: 120 }

const byToken = ({ joinTokenFile, bundle: bundleFile }: Settings): WayIn => {
  const joinToken = readGiven(required(joinTokenFile, 'join-token-file'), 'a join token')
  const bundle = splitPem(readGiven(required(bundleFile, 'bundle'), 'the trust bundle'))
  return {
    isLasting: false,
    /** A refused token stays refused; only a control plane that cannot be reached is worth another try. */
    async first(join) {
      for (let left = patience.tries; ; left--) {
        try {
          return await join(joinToken, bundle)
        } catch (error) {
          if (!isAway(error) || left === 1) throw error
          await wait(patience.pauseMs)
        }
      }
    },
    again: () => Promise.reject(new HopError('join-token-used', { message: 'a join token is good for one start' })),
  }
}

/** A secret may be made only just now, or anew by a control plane that lost its own: it is read at each try. */
const bySecret = (workload: string, control: Address, path: string, log: Logger): WayIn => {
  const attempt = async (join: Join, returning: boolean): Promise<void> => {
    if (!existsSync(path)) throw new HopError('bootstrap-secret', { message: `${path} is not there yet` })
    const secret = readBootstrapSecret(readGiven(path, 'a bootstrap secret'), path)
    const { bundle, joinToken } = await introduce({ control, workload, secret, returning })
    await join(joinToken, bundle)
  }
  return {
    isLasting: true,
    async first(join) {
      let told = ''
      for (let tries = 0; ; tries++) {
        try {
          return await attempt(join, false)
        } catch (error) {
          if (!(error instanceof HopError) || fatal.includes(error.code)) throw error
          if (error.code !== told) log.warn({ reason: error.message }, 'not let in yet; it is tried again and again')
          told = error.code
          await wait(pauseAfter(tries))
        }
      }
    },
    again: join => attempt(join, true),
  }
}

/** What no other try would change. */
const fatal = ['workload-unknown', 'port-taken']

const isAway = (error: unknown) => error instanceof HopError && error.code === 'control-unreachable'

/** Soon at first, then about every second and a half, never all at once. ms */
export const pauseAfter = (tries: number): number => Math.min(100 * 2 ** tries, 1_500) * (0.5 + Math.random())
