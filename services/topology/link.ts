/** Caller → callee: what it carries and allows, and the facts derived from where its ends stand. */
export type Link = {
  /** `caller:callee`; safe in shells, paths and URLs. */
  id: string
  caller: string
  callee: string
  data: string[]
  /** Requests the caller may send. */
  allow: { method: string; path: string }[]
  /** Headers (lower case) and values by which a router chooses this link before those without. Absent: no header matters. */
  when?: Record<string, string> | undefined
  crossesZone: boolean
  intoSensitive: boolean
  carriesSecrets: boolean
}
