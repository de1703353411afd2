import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

const project = (name: string, testTimeout: number) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], testTimeout, hookTimeout: testTimeout, pool: 'forks' as const },
})

export default defineConfig({
  test: {
    // vitest keeps one core for itself; these tests mostly wait for sockets
    maxWorkers: Math.max(3, availableParallelism()),
    projects: [
      // these share their modules: loading them anew for each of two hundred files took longer than the tests
      { test: { ...project('unit', 15_000).test, isolate: false } },
      project('integration', 60_000),
      project('slow', 600_000),
      project('witness', 600_000),
      // one file after the other: each fills the machine
      { test: { ...project('swarm', 1_800_000).test, fileParallelism: false, maxWorkers: 1 } },
      // one stack for all of them, one after the other
      {
        test: {
          ...project('compose', 1_800_000).test,
          globalSetup: 'test/compose/stack.ts',
          fileParallelism: false,
          maxWorkers: 1,
        },
      },
    ],
  },
})
