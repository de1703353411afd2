import type { ExportWords } from '../commands/export.ts'
import type { Define } from './define.ts'

/** The lab on other machines. */
export const elsewhereCommands = (command: Define): void => {
  command<ExportWords>(
    'export <target>',
    'the lab as files for other machines: kubernetes or swarm',
    async (context, words, target = '') => (await import('../commands/export.ts')).exportTo(context, target, words),
  )
    .option('--topology <file>', 'a topology of your own (default: the shop)')
    .option('--mode <mode>', 'what a new lab begins in (default: what fits --topology, else edge-terminate-plaintext)')
    .option('--image <reference>', 'the image that every part runs (default: the one that the Dockerfile makes)')
    .option('--namespace <name>', 'what keeps it apart from all else (default: hop- and the name of the topology)')
    .option('--out <dir>', 'where to (default: NAME-TARGET here)')
    .addHelpText(
      'after',
      `
The same topology gives the same files; secrets are made once, kept afterwards, in no manifest.
What somebody else wrote or changed there is left alone, and named.
kubernetes: a kustomize base and an overlay a mode. swarm: a stack for docker stack deploy, of which
--namespace is the name.
Example: hop export kubernetes --topology topologies/clinic.yaml --mode hybrid`,
    )
}
