import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { exportLab } from '../../export/export.ts'
import { image as defaultImage } from '../../export/image.ts'
import { isLabel } from '../../export/names.ts'
import type { ExportOptions } from '../../export/options.ts'
import { targetNames } from '../../export/targets.ts'
import { HopError } from '../../pki/error.ts'
import { modes } from '../../services/modes.ts'
import { readTopology } from '../../services/topology/file.ts'
import { choose, chooseMode } from '../choice.ts'
import type { Context } from '../command.ts'
import { exit } from '../exit.ts'
import { shop } from '../options.ts'
import { renderExport } from '../render/export.ts'

export type ExportWords = { topology?: string; mode?: string; image?: string; out?: string; namespace?: string }

/** Writes what another orchestrator needs to run the lab; needs no lab that runs. */
export const exportTo = async ({ screen }: Context, word: string, words: ExportWords): Promise<number> => {
  const target = choose('target', word, targetNames)
  const options = read(words)
  const out = directory(words.out ?? `${options.topology.name}-${target}`)
  const exported = exportLab(target, options, out)
  const { topology, mode, image, space } = options
  const said = { target, topology: topology.name, mode, modes, image, space, out, ...exported }
  screen.answer(said, () => renderExport(target, options, out, exported))
  return exit.ok
}

const read = (words: ExportWords): ExportOptions => {
  const file = words.topology ?? shop
  const topology = readTopology(file)
  const fits = words.topology === undefined ? undefined : topology.situation?.fits
  return {
    topology,
    topologyText: readFileSync(file, 'utf8'),
    mode: words.mode === undefined ? (fits ?? modes[0]!) : chooseMode(words.mode),
    image: reference(words.image),
    space: space(words.namespace ?? `hop-${topology.name}`),
  }
}

/** As registries have it: host and port, path in lower case, tag, digest. Whether there is such an image is not asked. */
const named =
  /^(?:[a-zA-Z0-9.-]+(?::\d{1,5})?\/)?[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*(?::\w[\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$/

const reference = (word: string = defaultImage.reference): string => {
  if (word.length <= 255 && named.test(word)) return word
  throw new HopError('usage', {
    field: '--image',
    expected: `a reference of an image, like ${defaultImage.reference}`,
    found: JSON.stringify(word.slice(0, 100)),
  })
}

const space = (word: string): string => {
  if (isLabel(word)) return word
  throw new HopError('usage', {
    field: '--namespace',
    expected: 'at most 63 of a-z, 0-9 and -, a letter first, a letter or digit last',
    found: JSON.stringify(word.slice(0, 100)),
  })
}

/** Throws `usage`: `--out --json` would take the option for the name. */
const directory = (word: string): string => {
  if (word !== '' && !word.startsWith('-')) return resolve(word)
  throw new HopError('usage', {
    field: '--out',
    expected: 'the name of a directory, with ./ in front where it begins with -',
    found: JSON.stringify(word),
  })
}
