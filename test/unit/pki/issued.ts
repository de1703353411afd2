import { type AuthorityOptions, createAuthority } from '../../../pki/authority.ts'

/** A throwaway authority for hop.lab, on the real clock unless a test brings its own. */
export const authorityFor = (options: Partial<AuthorityOptions> = {}) =>
  createAuthority({ trustDomain: 'hop.lab', publicSuffix: 'hop.lab', clock: Date.now, ...options })

/** The code of the error something throws, so that a refusal is judged by its cause. */
export const codeOf = (attempt: () => unknown): string => {
  try {
    attempt()
  } catch (error) {
    return `${(error as { code?: string }).code}`
  }
  return 'not refused'
}
