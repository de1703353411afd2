/** Programs a topology may name; `programs.ts` says how each is loaded. The sidecar comes with every legacy workload by itself. */
export const programNames = ['edge', 'gateway', 'orders', 'payments', 'inventory', 'shipping', 'generic'] as const
