import { X509Certificate } from 'node:crypto'
import { type Authority, createAuthority } from '../../pki/authority.ts'
import { mintProfile } from '../../pki/profiles.ts'
import { spiffeId } from '../../pki/spiffe.ts'
import { createControlClient } from '../../services/chassis/control-client.ts'
import { createCredentials } from '../../services/chassis/credentials.ts'
import { noTelemetry } from '../../services/chassis/telemetry.ts'
import type { KeyPair } from '../../services/chassis/tls-options.ts'
import type { Address } from '../../services/chassis/transport.ts'

/** What an insider may present: nothing, a certificate of his own making, or a real one that is not his. */
export type InsiderCredentials = {
  /** In the name of a workload, signed by its own key. */
  selfSigned(workload: string): KeyPair
  /** In the name of a workload, from an authority nobody in the lab trusts. */
  foreign(workload: string): KeyPair
  /** A real certificate of a workload, kept for the next time. Throws what enrolment throws. */
  stolen(workload: string): Promise<KeyPair>
  /** Revokes every certificate that was stolen. */
  close(): Promise<void>
}

type Options = {
  trustDomain: string
  control: Address
  bundle: () => Promise<string>
  joinToken: (workload: string, reason: string) => Promise<string>
  revoke: (serial: string) => Promise<unknown>
}

/** The certificates of one run. Real ones come the way the lab gives them out: join token, CSR, enrolment. */
export const createInsiderCredentials = (options: Options): InsiderCredentials => {
  const { trustDomain } = options
  const stolen = new Map<string, Promise<KeyPair>>()
  let throwaway: Authority | undefined
  const rogue = (): Authority => (throwaway ??= createAuthority({ trustDomain, clock: Date.now }))
  const forge = (kinds: string[], workload: string): KeyPair =>
    mintProfile(rogue(), kinds, { id: spiffeId(trustDomain, workload) })

  return {
    selfSigned: workload => forge(['self-signed'], workload),
    foreign: workload => forge([], workload),
    stolen(workload) {
      const known = stolen.get(workload)
      if (known) return known
      const taking = steal(options, workload)
      stolen.set(workload, taking)
      taking.catch(() => stolen.delete(workload))
      return taking
    },
    async close() {
      const pairs = await Promise.allSettled(stolen.values())
      stolen.clear()
      for (const pair of pairs) {
        if (pair.status === 'fulfilled')
          await options.revoke(new X509Certificate(pair.value.chain).serialNumber.toLowerCase()).catch(() => {})
      }
    },
  }
}

const steal = async (options: Options, workload: string): Promise<KeyPair> => {
  const { trustDomain, control, bundle, joinToken } = options
  const store = createCredentials({ trust: { bundle: [await bundle()], crl: [] } })
  let taken: KeyPair | undefined
  const credentials = {
    ...store,
    setWorkload(pair: KeyPair) {
      taken = pair
      store.setWorkload(pair)
    },
  }
  const client = createControlClient({ workload, trustDomain, control, credentials, telemetry: noTelemetry() })
  try {
    await client.enrol(await joinToken(workload, 'a scenario takes a certificate as a thief would'))
    return taken!
  } finally {
    await client.close()
  }
}
