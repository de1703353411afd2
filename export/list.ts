import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { HopError } from '../pki/error.ts'
import { digest, look } from './found.ts'

/** What an export wrote, path → SHA-256: so that the next one knows its own files from everybody else's. */
export type List = Record<string, string>

export const listFile = '.hop-export.json'

/** Below the root and nowhere else, whoever edited the list. */
const path = v.pipe(v.string(), v.regex(/^(?!.*(?:^|\/)\.\.?(?:\/|$))[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*$/))
const shape = v.strictObject({ files: v.record(path, v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))) })

/** Empty where nothing was exported yet. Throws `export-foreign`. */
export const readList = (out: string): List => {
  const found = look(out, listFile)
  if (found.kind === 'nothing') return {}
  try {
    return v.parse(shape, JSON.parse(found.text ?? '')).files
  } catch (cause) {
    throw new HopError('export-foreign', {
      field: join(out, listFile),
      expected: 'the list of files that an earlier export wrote',
      found: found.kind === 'a file' ? 'another file' : found.kind,
      remedy: 'Choose another directory',
      cause,
    })
  }
}

/** Replaces the list by one of this tree. */
export const writeList = (out: string, tree: Record<string, string>): void => {
  const files = Object.fromEntries(Object.entries(tree).map(([path, text]) => [path, digest(text)]))
  const temporary = join(out, `${listFile}.${process.pid}`)
  writeFileSync(temporary, `${JSON.stringify({ files }, undefined, 2)}\n`, { flush: true })
  renameSync(temporary, join(out, listFile))
}
