import { X509Certificate } from 'node:crypto'
import { type Authority, createAuthority } from '../../pki/authority.ts'
import { createCsr } from '../../pki/csr.ts'
import { generateKey, privateKeyPem } from '../../pki/keys.ts'
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
  /** Another one, for him who is going to have it revoked. */
  stolenAnew(workload: string): Promise<KeyPair>
  /** In the name of a workload and from the lab's own authority, but with these faults; kept for the next time. */
  faulty(workload: string, kinds: readonly string[]): Promise<KeyPair>
  /** Revokes certificates of the lab's, all at once; resolves when every workload has taken that. */
  revoke(...pairs: KeyPair[]): Promise<void>
  /** Revokes every real certificate that is left. */
  close(): Promise<void>
}

type Options = {
  trustDomain: string
  control: Address
  bundle: () => Promise<string>
  joinToken: (workload: string, reason: string) => Promise<string>
  /** Names the CA that certifies workloads now: what another one certified may not count any more. */
  issuer: () => Promise<string>
  /** The chain for a CSR, with these faults. */
  certifyFaulty: (workload: string, kinds: readonly string[], csr: string, reason: string) => Promise<string>
  revoke: (serials: string[]) => Promise<unknown>
}

/** The certificates of one run. Real ones come the way the lab gives them out: join token, CSR, enrolment. */
export const createInsiderCredentials = (options: Options): InsiderCredentials => {
  const { trustDomain } = options
  const kept = new Map<string, Promise<KeyPair>>()
  const real = new Set<KeyPair>()
  let throwaway: Authority | undefined
  const rogue = (): Authority => (throwaway ??= createAuthority({ trustDomain, clock: Date.now }))
  const forge = (kinds: string[], workload: string): KeyPair =>
    mintProfile(rogue(), kinds, { id: spiffeId(trustDomain, workload) })

  const once = async (what: string, make: () => Promise<KeyPair>): Promise<KeyPair> => {
    const name = `${what} from ${await options.issuer()}`
    const known = kept.get(name)
    if (known) return known
    const making = make()
    kept.set(name, making)
    making.catch(() => kept.delete(name))
    return making
  }
  const stolenAnew = async (workload: string) => {
    const pair = await steal(options, workload)
    real.add(pair)
    return pair
  }
  const faulty = async (workload: string, kinds: readonly string[]) => {
    const { privateKey, publicKey } = generateKey()
    const csr = createCsr({ privateKey, publicKey })
    const chain = await options.certifyFaulty(workload, kinds, csr, 'a scenario tries what is wrong with it')
    const pair = { key: privateKeyPem(privateKey), chain }
    real.add(pair)
    return pair
  }
  const revoke = async (...pairs: KeyPair[]) => {
    for (const pair of pairs) real.delete(pair)
    if (pairs.length > 0) await options.revoke(pairs.map(serialOf))
  }

  return {
    selfSigned: workload => forge(['self-signed'], workload),
    foreign: workload => forge([], workload),
    stolen: workload => once(workload, () => stolenAnew(workload)),
    stolenAnew,
    faulty: (workload, kinds) => once([workload, ...kinds].join(' '), () => faulty(workload, kinds)),
    revoke,
    async close() {
      await Promise.allSettled(kept.values())
      kept.clear()
      await revoke(...real).catch(() => {})
    },
  }
}

/** As the lab's ledger has it: lower-case hex. */
export const serialOf = ({ chain }: KeyPair): string => new X509Certificate(chain).serialNumber.toLowerCase()

const steal = async (options: Options, workload: string): Promise<KeyPair> =>
  enrolWith(options, workload, await options.joinToken(workload, 'a scenario takes a certificate as a thief would'))

/** Enrols as any workload does, by the code they all enrol with, and keeps what came of it. Throws what enrolment throws. */
export const enrolWith = async (
  { trustDomain, control, bundle }: Pick<Options, 'trustDomain' | 'control' | 'bundle'>,
  workload: string,
  joinToken: string,
): Promise<KeyPair> => {
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
    await client.enrol(joinToken)
    return taken!
  } finally {
    await client.close()
  }
}
