import { X509Certificate } from 'node:crypto'
import type { Revoked } from './crl.ts'
import { HopError } from './error.ts'
import type { Hierarchy, IssuerName } from './hierarchy.ts'
import { type Issuer, type IssuerState, issuerState, openIssuer } from './issuer.ts'

/**
 * A root and the two CAs below it that came into use together; two generations may share a root. `trusted`: given out to
 * whoever verifies. `signs`: leaves come from it. `distrustedAt` (ms): when it ceased to be trusted.
 */
export type Generation = { cas: Hierarchy; trusted: boolean; signs: boolean; distrustedAt?: number }

/** A CA that is gone and still within its time: the root's list names it until then. Times in ms. */
export type Superseded = { root: string; serial: string; at: number; notAfter: number }

type GenerationState = Record<IssuerName, IssuerState> & Omit<Generation, 'cas'>

/** What `openAuthority` needs back. Holds private keys in clear: the keeper's file must be its owner's alone. */
export type AuthorityState = { version: 2; generations: GenerationState[]; superseded: Superseded[] }

/** As it was stored before CAs could be replaced: one generation. */
export type FirstAuthorityState = { version: 1 } & Record<IssuerName, IssuerState>

/** Oldest first; exactly one signs. */
export type Generations = { all: Generation[]; superseded: Superseded[] }

export const issuerNames: readonly IssuerName[] = ['root', 'workloads', 'public']

/** Key identifier of a CA, lower-case hex. */
export const caId = ({ keyIdentifier }: Issuer): string => keyIdentifier.toString('hex')

/** How a generation is named: by its CA for workloads, which is in no other. */
export const generationId = ({ cas }: Generation): string => caId(cas.workloads)

export const signing = ({ all }: Generations): Generation => all.find(({ signs }) => signs)!

export const exportGenerations = ({ all, superseded }: Generations): AuthorityState => ({
  version: 2,
  generations: all.map(({ cas: { root, workloads, public: names }, ...flags }) => ({
    root: issuerState(root),
    workloads: issuerState(workloads),
    public: issuerState(names),
    ...flags,
  })),
  superseded: [...superseded],
})

/** @throws HopError `authority-state` */
export const openGenerations = (state: AuthorityState | FirstAuthorityState): Generations => {
  const { generations, superseded } = upToDate(state)
  const all = generations.map(({ root, workloads, public: names, ...flags }) => ({
    cas: {
      root: openIssuer(root, 'root'),
      workloads: openIssuer(workloads, 'workloads'),
      public: openIssuer(names, 'public'),
    },
    ...flags,
  }))
  const signers = all.filter(({ signs }) => signs).length
  if (signers !== 1) throw fault('generations', 'one that signs', `${signers}`)
  return { all, superseded: [...superseded] }
}

/** The generation that signs, as stored. */
export const signingState = ({ generations }: AuthorityState): GenerationState =>
  generations.find(({ signs }) => signs)!

const upToDate = (state: AuthorityState | FirstAuthorityState): AuthorityState => {
  if (state?.version === 2 && Array.isArray(state.generations) && Array.isArray(state.superseded)) return state
  if (state?.version !== 1) throw fault('version', '1 or 2', `${state?.version}`)
  const { version: _, ...cas } = state
  return { version: 2, generations: [{ ...cas, trusted: true, signs: true }], superseded: [] }
}

/**
 * What a root's list must name: CAs below it that are gone and within their time, and with `distrusted` those that are
 * here and not trusted any more.
 */
export const supersededBelow = (
  { all, superseded }: Generations,
  root: Issuer,
  now: number,
  distrusted: boolean,
): Revoked[] => {
  const here = distrusted ? all.filter(({ distrustedAt }) => distrustedAt !== undefined) : []
  return [...superseded, ...here.flatMap(generation => epitaphs(generation, generation.distrustedAt!))]
    .filter(({ root: id, notAfter }) => id === caId(root) && notAfter > now)
    .map(({ serial, at }) => ({ serial, at, reason: 'superseded' }))
}

/** What becomes of the generations: `signs` does, those in `trusted` are, the others neither. */
export const arranged = ({ all, superseded }: Generations, signs: string, trusted: readonly string[], now: number) => {
  const one = (generation: Generation): Generation => {
    const { cas, trusted: before, distrustedAt } = generation
    const id = generationId(generation)
    const is = { cas, signs: id === signs, trusted: trusted.includes(id) }
    return is.trusted || (!before && distrustedAt === undefined) ? is : { ...is, distrustedAt: distrustedAt ?? now }
  }
  return { all: all.map(one), superseded }
}

/** Without this one. What is left of it: the root above names its CAs until they have run out. @throws HopError `generation-in-use` */
export const without = ({ all, superseded }: Generations, gone: Generation, now: number): Generations => {
  if (gone.signs) throw inUse(generationId(gone))
  const others = all.filter(other => other !== gone)
  const left = gone.distrustedAt === undefined ? [] : epitaphs(gone, gone.distrustedAt)
  const needed = [...superseded, ...left].filter(
    ({ root, notAfter }) => notAfter > now && others.some(({ cas }) => caId(cas.root) === root),
  )
  return { all: others, superseded: needed }
}

/** What remains of a generation whose keys are given up. */
const epitaphs = ({ cas }: Generation, at: number): Superseded[] =>
  [cas.workloads, cas.public].map(({ certificate, notAfter }) => {
    const serial = new X509Certificate(certificate).serialNumber.toLowerCase()
    return { root: caId(cas.root), serial, at, notAfter }
  })

const inUse = (found: string): HopError =>
  new HopError('generation-in-use', { field: 'generation', expected: 'one that signs nothing', found })

const fault = (field: string, expected: string, found: string): HopError =>
  new HopError('authority-state', { field, expected, found })
