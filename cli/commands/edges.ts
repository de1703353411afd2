import { setTimeout as wait } from 'node:timers/promises'
import { HopError } from '../../pki/error.ts'
import { type Edge, type Edges, observeEdges } from '../../scenarios/edges/edges.ts'
import { createEdgeWatch } from '../../scenarios/edges/watch.ts'
import { linkTitle } from '../../services/topology/topology.ts'
import { type Context, withLab } from '../command.ts'
import { exit } from '../exit.ts'
import { takeInterrupts } from '../interrupts.ts'
import { changesBetween, type EdgeChange, renderChange } from '../render/edge-changes.ts'
import { renderEdges } from '../render/edges.ts'
import { visible } from '../render/table.ts'
import { readDuration, readSince } from '../since.ts'

export type EdgesWords = { since?: string }

/** Who calls whom, as observed, beside what is meant. Fails where the two differ, or somebody could not be asked. */
export const edges = async (context: Context, words: EdgesWords): Promise<number> => {
  const since = words.since === undefined ? {} : { since: readSince(words.since) }
  return withLab(context, async lab => {
    const { screen } = context
    const seen = await observeEdges(lab, since)
    screen.answer(seen, () => renderEdges(seen, screen))
    return seen.away.length > 0 || seen.edges.some(({ differs }) => differs.length > 0) ? exit.failed : exit.ok
  })
}

export type WatchWords = { for?: string }

const everyMs = 1_000

/** The same, again and again: drawn over on a terminal, a line for each change elsewhere. Ends by Ctrl-C or after its time. */
export const watch = async (context: Context, words: WatchWords): Promise<number> => {
  const forMs = words.for === undefined ? Number.POSITIVE_INFINITY : readDuration(words.for)
  if (forMs === undefined)
    throw new HopError('usage', {
      field: '--for',
      expected: 'a time such as 10s or 5m',
      found: JSON.stringify(words.for),
    })
  return withLab(context, async lab => {
    const ended = takeInterrupts().ended
    const stop = new AbortController()
    void ended.then(() => stop.abort())
    const until = performance.now() + forMs
    const watched = createEdgeWatch(lab)
    const show = createShow(context)
    for (;;) {
      show(await watched.look())
      const left = until - performance.now()
      if (left <= 0 || stop.signal.aborted) return exit.ok
      await wait(Math.min(everyMs, left), undefined, { signal: stop.signal }).catch(() => {})
      if (!stop.signal.aborted) continue
      // below the ^C that the terminal shows
      if (context.screen.live) context.screen.say('')
      return exit.ok
    }
  })
}

const createShow = ({ screen }: Context): ((seen: Edges) => void) => {
  let before: readonly Edge[] = []
  let mode: string | undefined
  let drawn = 0
  return seen => {
    const moved = mode !== undefined && mode !== seen.mode
    // another mode counts from nothing
    const changes = changesBetween(moved ? [] : before, seen.edges)
    mode = seen.mode
    before = seen.edges
    if (screen.json)
      for (const change of changes) screen.event({ at: new Date().toISOString(), mode: seen.mode, ...change })
    else if (screen.live) {
      const text = `${renderEdges(seen, screen)}\n${screen.paint.dim('Ctrl-C ends this')}`
      // up to where the last table began, and nothing of it left below
      process.stdout.write(`${drawn > 0 ? `\x1b[${drawn}A\x1b[J` : ''}${text}\n`)
      drawn = rowsOf(text, process.stdout.columns)
    } else {
      if (moved) screen.say(`${clock()}  the mode is ${seen.mode} now`)
      for (const change of changes) screen.say(line(change, screen.paint))
    }
  }
}

/** How many rows a text takes on a terminal so wide, which breaks lines that are longer. */
export const rowsOf = (text: string, columns: number): number =>
  text.split('\n').reduce((rows, each) => rows + Math.max(1, Math.ceil(visible(each) / (columns || 1000))), 0)

const line = (change: EdgeChange, paint: Context['screen']['paint']): string =>
  `${clock()}  ${linkTitle(change.link)}  ${renderChange(change, paint)}`

const clock = (): string => new Date().toISOString().slice(11, 19)
