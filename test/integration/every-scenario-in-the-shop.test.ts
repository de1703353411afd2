import { everyScenarioIn, thatWait } from '../support/every-scenario.ts'

// the slow tests run those that wait in all modes too
everyScenarioIn('shop', thatWait)
