import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createAuthority } from '../pki/authority.ts'
import { generateKey, privateKeyPem } from '../pki/keys.ts'

export const trustDomain = 'hop.lab'
export const publicName = 'shop.bench'

/** PEM files of one run, for every process of it. `remove` deletes keys and all. */
export type Certificates = { dir: string; remove(): Promise<void> }

/** Mints what a run needs, from an authority that ends with this process: `<who>.key`, `<who>.pem`, `bundle.pem`, `crl-<n>.pem`. */
export const mintCertificates = async (): Promise<Certificates> => {
  const dir = await mkdtemp(join(tmpdir(), 'hop-bench-'))
  const authority = createAuthority({ trustDomain, clock: Date.now })
  const lifetimeMs = 12 * 3600_000
  const write = async (name: string, issue: (pair: ReturnType<typeof generateKey>) => string) => {
    const pair = generateKey()
    await writeFile(join(dir, `${name}.pem`), issue(pair))
    await writeFile(join(dir, `${name}.key`), privateKeyPem(pair.privateKey), { mode: 0o600 })
  }
  for (const name of ['edge', 'backend'])
    await write(name, ({ publicKey }) => {
      const id = `spiffe://${trustDomain}/${name}`
      return authority.issueWorkload({ id, publicKey, lifetimeMs, serial: authority.newSerial() }).chain
    })
  await write('public', ({ publicKey }) => {
    const serial = authority.newSerial()
    return authority.issuePublic({ dnsName: publicName, publicKey, lifetimeMs, serial }).chain
  })
  await writeFile(join(dir, 'bundle.pem'), authority.trustBundle().join('\n'))
  const crls = authority.crls({ revoked: [], number: 1 })
  await Promise.all(crls.map((crl, n) => writeFile(join(dir, `crl-${n}.pem`), crl)))
  return { dir, remove: () => rm(dir, { recursive: true, force: true }) }
}
