/** Of a connection that was dialled, or could not be: the id of its record and what it took, ms. */
export type Dialled = { id: string; connectMs: number; handshakeMs?: number }

const dialled = new WeakMap<object, Dialled>()

/** Notes it on a socket, or on the error of a dial that failed. */
export const noteDialled = (what: object, facts: Dialled): void => void dialled.set(what, facts)

export const dialledOf = (what: object): Dialled | undefined => dialled.get(what)
