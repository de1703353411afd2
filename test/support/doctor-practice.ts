import { X509Certificate } from 'node:crypto'
import type { ConnectionOptions } from 'node:tls'
import { readCertificate } from '../../pki/certificate-read.ts'
import { authorityKeyId } from '../../pki/key-identifiers.ts'
import { splitPem } from '../../pki/pem.ts'
import type { Minted } from '../../pki/profiles.ts'
import { diagnose } from '../../scenarios/doctor/diagnose.ts'
import type { End, Pair } from '../../scenarios/doctor/end.ts'
import { createCleanup, createMesh, until } from '../unit/chassis/mesh.ts'
import { ask, type BareEnd, type Sight } from './both-ends.ts'

export const versions = ['TLSv1.3', 'TLSv1.2'] as const
export type Version = (typeof versions)[number]

export const only = (version: Version) => ({ minVersion: version, maxVersion: version })
export const own = ({ key, chain }: Pick<Minted, 'key' | 'chain'>) => ({ key, cert: chain })
export const publicName = 'shop.hop.lab'

/** What both ends saw of one connection. */
export type Met = { client: Sight; server: Sight | undefined }

export const codes = ({ client, server }: Met) => [client.failure?.code, server?.failure?.code]

/** What the doctor knows of a certificate, besides what both ends saw. */
export const knownOf = ({ chain }: Pick<Minted, 'chain'>): Pick<End, 'certificate' | 'chain'> => {
  const leaf = new X509Certificate(splitPem(chain)[0]!)
  const { notBefore, notAfter } = readCertificate(leaf.raw)
  const issuer = authorityKeyId(leaf)
  return {
    chain,
    certificate: { notBefore: new Date(notBefore).toISOString(), notAfter: new Date(notAfter).toISOString(), issuer },
  }
}

/** Two ends with certificates of one authority, and what the doctor makes of their meeting. `cleanup.run` after each test. */
export const createPractice = () => {
  const mesh = createMesh()
  const stranger = createMesh()
  const cleanup = createCleanup()

  const [root] = mesh.authority.trustBundle() as [string]

  /** What the doctor knows of the lab's own authority: its CAs by key identifier. */
  const authorities: NonNullable<Pair['authorities']> = (() => {
    const all = mesh.authority.certificates()
    const issued = new X509Certificate(mesh.mint('orders').chain)
    const publicly = new X509Certificate(mesh.mintPublic(publicName).chain)
    const rootId = authorityKeyId(new X509Certificate(all.workloads))
    const made = (id: string, kind: 'root' | 'workloads' | 'public') => ({
      id,
      kind,
      active: true,
      trusted: true,
      root: rootId,
      notAfter: 0,
    })
    return [made(rootId, 'root'), made(authorityKeyId(issued), 'workloads'), made(authorityKeyId(publicly), 'public')]
  })()

  /** Both ends' first sights; a callee's record may follow its caller's. */
  const meet = async (end: BareEnd, tls: ConnectionOptions | undefined, sees = true): Promise<Met> => {
    cleanup.add(end)
    const client = await ask(end.address, tls)
    if (sees) await until(() => end.seen() !== undefined)
    return { client, server: end.seen() }
  }

  const causeOf = ({ client, server }: Met, more: { caller?: Partial<End>; callee?: Partial<End> } = {}) => {
    const caller: End = { name: 'the caller', record: client, ...more.caller }
    const callee: End = { name: 'the callee', ...(server ? { record: server } : {}), ...more.callee }
    const cause = diagnose({ caller, callee, at: Date.now(), authorities })
    return cause && { name: cause.name, fault: cause.fault }
  }

  return { mesh, stranger, cleanup, root, authorities, meet, causeOf }
}
