import { everywhere } from '../expected.ts'
import { askEveryWay, type Told, type Way } from '../flows/semantics.ts'
import { defineScenario, type Evidence, type Observed } from '../scenario.ts'

export default defineScenario({
  id: 'http-semantics',
  claims: ['S2'],
  title: 'Does ordinary HTTP survive one more proxy?',
  guarantee: 'the service answers the same, however many proxies are in front',
  explanation:
    'The same requests go straight to the service as its genuine caller sends them, then through one proxy more, up to the public door: a whole body, one in chunks, one announced by Expect, a second on a kept connection, a bad one, one too large. Status, headers and body must be the same each time; the names that proxies leave in Via show how many there were.',
  per: 'system',
  expected: everywhere('holds'),
  run: async lab => judgeSemantics(await askEveryWay(lab)),
})

/** Broken when an answer differs from the one the service gave itself. The control: it gave good ones, an interim one too, and each proxy left its name. */
export const judgeSemantics = (ways: readonly Way[]): Observed => {
  const [straight, ...longer] = ways
  const differences = longer.flatMap(way =>
    way.told.flatMap((told, i) => {
      const what = difference(straight!.told[i]!, told)
      return what === undefined ? [] : [`${told.asked} from ${way.from}: ${what}`]
    }),
  )
  const passed = ways.every(({ told, proxies }) => {
    const [order] = told
    return order !== undefined && order.status >= 200 && order.status < 300 && order.via === proxies
  })
  const announced = straight?.told.some(({ interim }) => interim.includes(' 100 ')) === true
  return {
    verdict: differences.length > 0 ? 'broken' : 'holds',
    because:
      differences.length > 0
        ? differences.join('; ')
        : `${straight?.told.length} requests got the same answers ${ways.map(({ from, proxies }) => `from ${from} through ${proxies} proxies`).join(', ')}`,
    evidence: longer.flatMap(way => way.told.map(told => evidence(way, told))),
    control: {
      passed: passed && longer.length > 0 && announced,
      evidence: ways.flatMap(way => way.told.slice(0, 1).map(told => evidence(way, told))),
    },
  }
}

const difference = (straight: Told, told: Told): string | undefined => {
  const aspects = ['interim', 'status', 'headers', 'body'] as const
  const found = aspects.find(aspect => straight[aspect] !== told[aspect])
  return found && `${found} ${JSON.stringify(told[found])} instead of ${JSON.stringify(straight[found])}`
}

const evidence = ({ from, proxies }: Way, { asked, status, interim, via, body }: Told): Evidence => ({
  ...{ kind: 'request', title: `${asked}, ${proxies} proxies`, where: from },
  text: `${[interim, status, `Via ${via}`].filter(part => part !== '').join(', ')}: ${body.slice(0, 120)}`,
})
