/** What a situation can need of where TLS starts and ends. How each is judged, from observation, is in `scenarios/needs.ts`. */
export const needIds = [
  'private-from-outside',
  'private-across-borders',
  'private-from-the-edge',
  'callers-proven-into-sensitive',
  'callers-proven-everywhere',
  'filtered-at-the-edge',
  'legacy-served',
  'certificates-in-one-place',
] as const

export type NeedId = (typeof needIds)[number]
