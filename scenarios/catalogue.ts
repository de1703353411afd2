import { HopError } from '../pki/error.ts'
import { nearest } from '../services/nearest.ts'
import alterAmount from './boundary/alter-amount.ts'
import compromisedEdge from './boundary/compromised-edge.ts'
import compromisedGateway from './boundary/compromised-gateway.ts'
import eavesdrop from './boundary/eavesdrop.ts'
import whoTerminates from './boundary/who-terminates.ts'
import l7Control from './edge/l7-control.ts'
import forgedClientAddress from './identity/forged-client-address.ts'
import forgedIdentityHeader from './identity/forged-identity-header.ts'
import impostorCallee from './identity/impostor-callee.ts'
import rogueForeignCa from './identity/rogue-foreign-ca.ts'
import rogueNoCertificate from './identity/rogue-no-certificate.ts'
import rogueSelfSigned from './identity/rogue-self-signed.ts'
import unverifiedCallee from './identity/unverified-callee.ts'
import wrongWorkload from './identity/wrong-workload.ts'
import type { Scenario } from './scenario.ts'

/** Every scenario, in the order in which they are told. To add one, write its file and import it here. */
export const catalogue: readonly Scenario[] = [
  eavesdrop,
  alterAmount,
  compromisedEdge,
  compromisedGateway,
  whoTerminates,
  rogueNoCertificate,
  rogueSelfSigned,
  rogueForeignCa,
  forgedIdentityHeader,
  wrongWorkload,
  impostorCallee,
  unverifiedCallee,
  forgedClientAddress,
  l7Control,
]

/** A scenario by its id. Throws HopError `scenario-unknown`, which names the nearest. */
export const findScenario = (id: string): Scenario => {
  const found = catalogue.find(scenario => scenario.id === id)
  if (found) return found
  const ids = catalogue.map(scenario => scenario.id)
  const meant = nearest(id, ids)
  throw new HopError('scenario-unknown', {
    field: 'scenario',
    expected: ids.join(', '),
    found: JSON.stringify(id.slice(0, 100)),
    ...(meant === undefined ? {} : { remedy: `Did you mean ${meant}?` }),
  })
}
