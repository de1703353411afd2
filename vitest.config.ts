import { defineConfig } from 'vitest/config'

const project = (name: string, testTimeout: number) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], testTimeout, hookTimeout: testTimeout, pool: 'forks' as const },
})

export default defineConfig({
  test: {
    projects: [project('unit', 15_000), project('integration', 60_000), project('slow', 600_000)],
  },
})
