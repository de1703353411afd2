import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

type Locked = { version: string; resolved?: string; integrity?: string; hasInstallScript?: boolean; link?: boolean }

const read = (file: string) => JSON.parse(readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8'))
const manifest = read('package.json')
const lock = read('package-lock.json') as { packages: Record<string, Locked & Record<string, unknown>> }
const { '': root, ...packages } = lock.packages
const locked = Object.entries(packages)

test('every package is locked by its digest, from a registry and nowhere else', () => {
  expect(locked.length).toBeGreaterThan(100)
  expect(locked.filter(([, { integrity }]) => !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity ?? ''))).toEqual([])
  // git, file and URL dependencies name their source; what a registry serves is found by name, version and digest
  expect(locked.filter(([, { resolved, link }]) => link || resolved !== undefined)).toEqual([])
})

test('the lock is that of package.json, whose versions are exact', () => {
  for (const kind of ['dependencies', 'devDependencies']) {
    expect(root?.[kind]).toEqual(manifest[kind])
    for (const [name, version] of Object.entries(manifest[kind])) {
      expect(version).toMatch(/^\d+\.\d+\.\d+$/)
      expect([name, packages[`node_modules/${name}`]?.version]).toEqual([name, version])
    }
  }
})

test('only packages that package.json approves run scripts when they are installed', () => {
  const scripted = locked
    .filter(([, { hasInstallScript }]) => hasInstallScript)
    .map(([path]) => path.replace(/^.*node_modules\//, ''))
  expect(scripted).toEqual(['node'])
  expect(scripted.filter(name => manifest.allowScripts[name] !== true)).toEqual([])
})
