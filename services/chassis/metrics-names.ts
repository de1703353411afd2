/** What has no name that is known beforehand is counted under this one: strangers can make up as many as they like. */
export const other = 'other'

/** `spiffe://hop.lab/orders` → `orders`. */
export const workloadOf = (id: string): string => id.replace(/^spiffe:\/\/[^/]*\//, '')

/** Who is called on a link, `orders:payments`. */
export const calleeOf = (link: string): string => link.slice(link.indexOf(':') + 1)
