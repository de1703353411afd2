import { readFileSync } from 'node:fs'

/** The version of this checkout, from package.json: labs and commands of different versions do not talk to each other. */
export const version: string = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version
