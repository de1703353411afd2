// Compiles what the processes of the image run, once and for all: their starts take what is in NODE_COMPILE_CACHE.
import { flushCompileCache } from 'node:module'

const programs = ['edge', 'gateway', 'orders', 'payments', 'inventory', 'shipping', 'generic']
const modules = [
  ...['services/process/control.ts', 'services/process/workload.ts', 'services/process/wire.ts'],
  ...programs.map(name => `services/${name}/${name}.ts`),
  'cli/program.ts',
]
for (const module of modules) await import(new URL(`../${module}`, import.meta.url).href)
flushCompileCache()
