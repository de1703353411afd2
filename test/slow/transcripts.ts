import { transcriptsIn } from '../../labs/markdown.ts'

/** Ids, numbers, units of time, bars, column widths and where a line is broken differ from run to run; words and verdicts do not. */
export const settled = (text: string): string[] =>
  text
    // not of every run
    .replaceAll(/^again .* at first .*\n/gm, '')
    .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}|\b[0-9a-f]{12,}\b|\b[0-9a-f]{6,}…|\b(?=[a-f]*\d)[0-9a-f]{8}\b/g, 'ID')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replaceAll(/\d+(?:\.\d+)? m?s\b/g, 'N ms')
    .replaceAll(/\b\d+(?:st|nd|rd|th)\b/g, 'Nth')
    .replaceAll(/[█░▒─·]+/g, ' ')
    .replaceAll(/\d+(?:\.\d+)?/g, 'N')
    .split(/\s+/)
    .filter(word => word !== '')

/** Every `$ command` of the console blocks of a page, with the output that follows it. */
export const transcriptsOf = (page: string) =>
  [...page.matchAll(/```console\n([\s\S]*?)```/g)].flatMap(([, block]) => transcriptsIn(block!))

/** The page with what each of these commands printed, in their order; what it printed before is replaced. */
export const withOutputs = (page: string, printed: readonly { command: string; output: string }[]): string => {
  const left = [...printed]
  return page.replaceAll(/```console\n([\s\S]*?)```/g, (_, block: string) => {
    const fresh = transcriptsIn(block).map(({ command, output }) => {
      const at = left.findIndex(each => each.command === command)
      const [run] = at < 0 ? [] : left.splice(at, 1)
      return `$ ${command}\n${run ? run.output.replace(/\n*$/, '\n').replace(/^\n$/, '') : output}`
    })
    return `\`\`\`console\n${fresh.join('')}\`\`\``
  })
}
