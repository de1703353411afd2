import type { Program } from './chassis/program.ts'
import type { programNames } from './program-names.ts'

/** Program name → how to load it. A workload loads only what it runs. Adding a program is adding a row here and its name there. */
export const programs = {
  gateway: async () => (await import('./gateway/gateway.ts')).gateway,
  orders: async () => (await import('./orders/orders.ts')).orders,
  payments: async () => (await import('./payments/payments.ts')).payments,
  inventory: async () => (await import('./inventory/inventory.ts')).inventory,
  shipping: async () => (await import('./shipping/shipping.ts')).shipping,
  generic: async () => (await import('./generic/generic.ts')).generic,
} satisfies Record<Exclude<(typeof programNames)[number], 'edge'>, () => Promise<Program>>

export type ProgramName = keyof typeof programs
