import { HopError } from '../../pki/error.ts'
import type { Address } from '../chassis/transport.ts'
import { createTap, type Tap, type TapOptions } from './tap.ts'

/** The network as an attacker owns it: a tap per link. */
export type Wire = {
  /** Puts a tap on a link. Rejects with HopError `link-tapped-twice` or `tap-not-listening`. */
  add(options: TapOptions): Promise<Tap>
  /** Takes a tap away again. Throws HopError `link-unknown`. */
  remove(link: string): Promise<void>
  /** Throws HopError `link-unknown`. */
  tap(link: string): Tap
  taps(): Tap[]
  close(): Promise<void>
}

/** Where taps listen and are reached that do not say so themselves. Default: a free port on 127.0.0.1. */
export type TapPlaces = { host?: string; reachedAs?: (link: string) => Partial<Address> | undefined }

/** A wire without taps. */
export const createWire = ({ host, reachedAs }: TapPlaces = {}): Wire => {
  const taps = new Map<string, Promise<Tap>>()
  const ready = new Map<string, Tap>()
  const known = (link: string): Tap => {
    const tap = ready.get(link)
    if (tap) return tap
    const links = [...ready.keys()].join(', ') || 'none: the wire is off'
    throw new HopError('link-unknown', { field: 'link', expected: `one of ${links}`, found: JSON.stringify(link) })
  }
  return {
    async add(options) {
      const { link } = options
      if (taps.has(link)) {
        throw new HopError('link-tapped-twice', { field: 'link', expected: 'a link without a tap', found: link })
      }
      const starting = createTap({
        ...(host === undefined ? {} : { listen: { host } }),
        reachedAs: reachedAs?.(link),
        ...options,
      })
      taps.set(link, starting)
      try {
        const tap = await starting
        ready.set(link, tap)
        return tap
      } catch (error) {
        taps.delete(link)
        throw error
      }
    },
    async remove(link) {
      const tap = known(link)
      ready.delete(link)
      taps.delete(link)
      await tap.close()
    },
    tap: known,
    taps: () => [...ready.values()],
    async close() {
      const started = await Promise.allSettled(taps.values())
      taps.clear()
      ready.clear()
      await Promise.all(started.map(result => (result.status === 'fulfilled' ? result.value.close() : undefined)))
    },
  }
}
