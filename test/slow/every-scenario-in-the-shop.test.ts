import { everyScenarioIn } from '../support/every-scenario.ts'

everyScenarioIn('shop')
