import { caId, type Generations, generationId, issuerNames } from './generations.ts'
import type { IssuerName } from './hierarchy.ts'
import type { Issuer } from './issuer.ts'

/** One CA, by its key identifier (hex). `active`: it signs. `root`: the id of the root above it, or its own. */
export type CaInfo = { id: string; kind: IssuerName; active: boolean; trusted: boolean; root: string; notAfter: number }

/** See `Generation`, without keys. */
export type GenerationInfo = { id: string; root: string; trusted: boolean; signs: boolean }

/** `given-out`: of the CAs somebody may still meet who trusts what is given out. `all`: of every CA here, all of them good. */
export type CrlScope = 'given-out' | 'all'

/** The trusted roots, or all of them; each once. */
export const rootsOf = ({ all }: Generations, every: boolean): Issuer[] =>
  once(
    all.filter(({ trusted }) => every || trusted).map(({ cas }) => ({ kind: 'root' as const, issuer: cas.root })),
  ).map(({ issuer }) => issuer)

/** The CAs whose workloads are trusted, PEM. */
export const intermediatesOf = ({ all }: Generations): string[] =>
  all.filter(({ trusted }) => trusted).map(({ cas }) => cas.workloads.certificate)

/** Oldest first. */
export const generationInfos = ({ all }: Generations): GenerationInfo[] =>
  all.map(generation => {
    const { cas, trusted, signs } = generation
    return { id: generationId(generation), root: caId(cas.root), trusted, signs }
  })

/**
 * The CAs of which lists are made: root, workloads and public for each generation. One that is not trusted any more under
 * a root that is stays among them, so that its leaves are refused for its own revocation and not for want of a list.
 */
export const listedCas = (held: Generations, scope: CrlScope): { kind: IssuerName; issuer: Issuer }[] => {
  const every = scope === 'all'
  const roots = rootsOf(held, every).map(caId)
  const listed = held.all.filter(
    ({ cas, trusted, distrustedAt }) =>
      every || (roots.includes(caId(cas.root)) && (trusted || distrustedAt !== undefined)),
  )
  return once(listed.flatMap(({ cas }) => issuerNames.map(kind => ({ kind, issuer: cas[kind] }))))
}

/** Every CA, newest first; a root that generations share is what any of them is. */
export const caInfos = ({ all }: Generations): CaInfo[] => {
  const cas = all
    .toReversed()
    .flatMap(({ cas: each, trusted, signs }) =>
      issuerNames.map(kind => ({ kind, issuer: each[kind], root: caId(each.root), trusted, active: signs })),
    )
  const any = (issuer: Issuer, flag: 'trusted' | 'active') =>
    cas.some(ca => caId(ca.issuer) === caId(issuer) && ca[flag])
  return once(cas).map(({ kind, issuer, root }) => ({
    id: caId(issuer),
    kind,
    active: any(issuer, 'active'),
    trusted: any(issuer, 'trusted'),
    root,
    notAfter: issuer.notAfter,
  }))
}

const once = <Ca extends { issuer: Issuer }>(cas: Ca[]): Ca[] =>
  cas.filter(({ issuer }, i) => cas.findIndex(other => caId(other.issuer) === caId(issuer)) === i)
