import { presence } from '../../scenarios/flows/presence.ts'
import { digestOf } from '../../scenarios/observing/digest.ts'
import { readScrape } from '../../scenarios/observing/scrape.ts'
import { choose } from '../choice.ts'
import { type Context, withLab } from '../command.ts'
import { exit } from '../exit.ts'
import { renderMetrics, renderScrape } from '../render/metrics.ts'
import { unheard } from '../render/words.ts'

/** By this name the control plane is scraped. */
const control = 'control'

/** What a workload counts, as Prometheus gets it; without a name a line of each. Fails where one could not be asked. */
export const metrics = (context: Context, word: string | undefined): Promise<number> =>
  withLab(context, async lab => {
    const { screen } = context
    const workloads = Object.keys(lab.topology.workloads)
    if (word !== undefined) {
      const text = await lab.metrics(choose('workload', word, [...workloads, control]))
      screen.answer(readScrape(text), () => renderScrape(text))
      return exit.ok
    }
    const { here, away } = await presence(lab)
    const digests = await Promise.all(here.map(async name => digestOf(name, readScrape(await lab.metrics(name)))))
    screen.answer({ topology: lab.topology.name, workloads: digests, away }, () => renderMetrics(digests, screen))
    for (const line of unheard(away)) screen.aside(line)
    return away.length > 0 ? exit.failed : exit.ok
  })
