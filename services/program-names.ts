/** Programs a topology may name; `programs.ts` says how each is loaded. A sidecar is not among them: it comes with what stands behind it. */
export const programNames = ['edge', 'gateway', 'orders', 'payments', 'inventory', 'shipping', 'generic'] as const
