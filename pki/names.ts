import { type Asn1, oid, sequence, set, utf8 } from './asn1.ts'
import { type Der, partsOf, tags } from './der.ts'
import { readOid } from './der-values.ts'
import { oids } from './oids.ts'

/** A distinguished name as far as we write them. Empty: the subject of a workload, whose name is in its SAN. */
export type Name = { organization?: string; commonName?: string }

/** The DER of a distinguished name, RFC 5280 4.1.2.4. */
export const distinguishedName = ({ organization, commonName }: Name): Asn1 => {
  const attribute = (type: string, value: string) => set(sequence(oid(type), utf8(value)))
  const parts: Asn1[] = []
  if (organization !== undefined) parts.push(attribute(oids.organization, organization))
  if (commonName !== undefined) parts.push(attribute(oids.commonName, commonName))
  return sequence(...parts)
}

/** The common names in a distinguished name; mostly none or one. Only ever shown, never an identity. */
export const commonNamesOf = (name: Der): string[] =>
  partsOf(name)
    .flatMap(partsOf)
    .map(attribute => partsOf(attribute))
    .filter(([type]) => type?.tag === tags.oid && readOid(type) === oids.commonName)
    .map(([, value]) => value?.content.toString('utf8') ?? '')
