import type { Program } from './chassis/program.ts'

/** Program name → how to load it. A workload loads only what it runs. Adding a program is adding a row. */
export const programs = {
  gateway: async () => (await import('./gateway/gateway.ts')).gateway,
  orders: async () => (await import('./orders/orders.ts')).orders,
  payments: async () => (await import('./payments/payments.ts')).payments,
  inventory: async () => (await import('./inventory/inventory.ts')).inventory,
  shipping: async () => (await import('./shipping/shipping.ts')).shipping,
  generic: async () => (await import('./generic/generic.ts')).generic,
  sidecar: async () => (await import('./sidecar/sidecar.ts')).sidecar,
} satisfies Record<string, () => Promise<Program>>

export type ProgramName = keyof typeof programs

/** What a topology may name: all but the sidecar, which comes with every legacy workload by itself; and the edge. */
export const programNames: readonly string[] = ['edge', ...Object.keys(programs).filter(name => name !== 'sidecar')]
