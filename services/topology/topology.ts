import type { Mode } from '../modes.ts'
import type { Link } from './link.ts'
import type { NeedId } from './needs.ts'

export type { Link } from './link.ts'

/**
 * A topology: workloads, zones, links, who may call whom. Read from YAML (`topology-file.ts`), ours is `topologies/shop.yaml`.
 * Derived facts (does the link cross a zone border, does it carry secrets) are computed once, here.
 */
export type Topology = {
  name: string
  trustDomain: string
  zones: Record<string, Zone>
  /** How much each class of data matters. The class is also the name of the JSON field that carries it. */
  data: Record<string, Sensitivity>
  ingress: Ingress
  workloads: Record<string, WorkloadSpec>
  /** Links between workloads, in the order of the file. The client's own link is `ingress`. */
  links: Link[]
  probe: Probe
  /** What it is an example of, where it is one. */
  situation?: Situation | undefined
  tokens: TokenRules
}

export type Situation = {
  /** As people would call it: `sensitive internal APIs`. */
  title: string
  /** The mode that fits best, as its author says. A run works out its own answer. */
  fits: Mode
  needs: readonly NeedId[]
}

export type Zone = { sensitive: boolean }

export type Sensitivity = 'secret' | 'personal' | 'ordinary'

export type WorkloadSpec = {
  name: string
  zone: string
  /** Which program runs here: `edge`, `gateway`, `orders` …, or `generic`, which calls what its links say. */
  program: string
  /** Speaks only plaintext on its own loopback, and calls nobody. Has a sidecar. */
  legacy: boolean
  /** The program runs in plaintext on its own loopback; a sidecar holds its identity and speaks TLS for it, both ways. */
  sidecar: boolean
}

export type Ingress = {
  /** The workload the client talks to, and the public name it asks for (SNI and Host). */
  edge: string
  serverName: string
  /** Where the client's TLS ends under passthrough: the first workload with business logic. */
  passthroughTo: string
  data: string[]
  allow: { method: string; path: string }[]
}

/**
 * The request that shows the topology at work. Its body has one field per data class plus whatever else is given;
 * scenarios replace data classes by canaries they then look for on the wire.
 */
export type Probe = { method: string; path: string; body: Record<string, string | number> }

/** What users' tokens must say: whom they are for, and the role without which a request is refused. The first that matches counts. */
export type TokenRules = { audience: string; roles: { method: string; path: string; role: string }[] }

/** The public caller: no workload, no identity. */
export const client = 'client'

export const linkId = (caller: string, callee: string): string => `${caller}:${callee}`

/** `orders → payments`, for people. */
export const linkTitle = (id: string): string => id.replace(':', ' → ')
