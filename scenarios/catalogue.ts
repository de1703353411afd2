import { HopError } from '../pki/error.ts'
import { nearest } from '../services/nearest.ts'
import alterAmount from './boundary/alter-amount.ts'
import aroundTheEdge from './boundary/around-the-edge.ts'
import compromisedEdge from './boundary/compromised-edge.ts'
import compromisedGateway from './boundary/compromised-gateway.ts'
import decryptionPoints from './boundary/decryption-points.ts'
import eavesdrop from './boundary/eavesdrop.ts'
import hopEarnsItsPlace from './boundary/hop-earns-its-place.ts'
import layers from './boundary/layers.ts'
import sprawlPipeline from './boundary/sprawl-pipeline.ts'
import sprawlService from './boundary/sprawl-service.ts'
import whoTerminates from './boundary/who-terminates.ts'
import zoneBorder from './boundary/zone-border.ts'
import bestFit from './deciding/best-fit.ts'
import authOffload from './edge/auth-offload.ts'
import downgrade from './edge/downgrade.ts'
import edgeHygiene from './edge/edge-hygiene.ts'
import h2Coalescing from './edge/h2-coalescing.ts'
import headerNormalization from './edge/header-normalization.ts'
import l7Control from './edge/l7-control.ts'
import l7Metrics from './edge/l7-metrics.ts'
import namesAgree from './edge/names-agree.ts'
import policyPackMoved from './edge/policy-pack-moved.ts'
import rateLimit from './edge/rate-limit.ts'
import requestSmuggling from './edge/request-smuggling.ts'
import routing from './edge/routing.ts'
import auditTrail from './identity/audit-trail.ts'
import broadPolicy from './identity/broad-policy.ts'
import clientAddressLost from './identity/client-address-lost.ts'
import denyByName from './identity/deny-by-name.ts'
import forgedClientAddress from './identity/forged-client-address.ts'
import forgedIdentityHeader from './identity/forged-identity-header.ts'
import forgedProxyHeader from './identity/forged-proxy-header.ts'
import impostorCallee from './identity/impostor-callee.ts'
import resumptionWithAnotherIdentity from './identity/resumption-with-another-identity.ts'
import rogueExpired from './identity/rogue-expired.ts'
import rogueForeignCa from './identity/rogue-foreign-ca.ts'
import rogueNoCertificate from './identity/rogue-no-certificate.ts'
import rogueSelfSigned from './identity/rogue-self-signed.ts'
import rogueWrongUsage from './identity/rogue-wrong-usage.ts'
import stolenCredential from './identity/stolen-credential.ts'
import tokenReplay from './identity/token-replay.ts'
import unverifiedCallee from './identity/unverified-callee.ts'
import userRole from './identity/user-role.ts'
import userToken from './identity/user-token.ts'
import wrongWorkload from './identity/wrong-workload.ts'
import alertsFireWhereDeserved from './lifecycle/alerts-fire-where-deserved.ts'
import breakGlass from './lifecycle/break-glass.ts'
import caRotationInOrder from './lifecycle/ca-rotation-in-order.ts'
import caRotationOutOfOrder from './lifecycle/ca-rotation-out-of-order.ts'
import certificatesMultiply from './lifecycle/certificates-multiply.ts'
import clockDrift from './lifecycle/clock-drift.ts'
import crlFailsClosedOrOpen from './lifecycle/crl-fails-closed-or-open.ts'
import expiredCertificateIsAnOutage from './lifecycle/expired-certificate-is-an-outage.ts'
import failuresAreNamed from './lifecycle/failures-are-named.ts'
import keysStayHome from './lifecycle/keys-stay-home.ts'
import maturityWithholds from './lifecycle/maturity-withholds.ts'
import protocolPolicy from './lifecycle/protocol-policy.ts'
import renewalLosesNothing from './lifecycle/renewal-loses-nothing.ts'
import revocationTakesEffect from './lifecycle/revocation-takes-effect.ts'
import shortLivesLimitTheft from './lifecycle/short-lives-limit-theft.ts'
import trustBundleReachesEverybody from './lifecycle/trust-bundle-reaches-everybody.ts'
import twoPkis from './lifecycle/two-pkis.ts'
import highestRiskFirst from './migration/highest-risk-first.ts'
import httpSemantics from './migration/http-semantics.ts'
import permissiveThenStrict from './migration/permissive-then-strict.ts'
import previewOfStrictness from './migration/preview-of-strictness.ts'
import switchWhileRunning from './migration/switch-while-running.ts'
import metricsAtEveryHop from './observing/metrics-at-every-hop.ts'
import packetCaptures from './observing/packet-captures.ts'
import requestIdThroughEveryHop from './observing/request-id-through-every-hop.ts'
import traceHasASpanPerHop from './observing/trace-has-a-span-per-hop.ts'
import whoCallsWhom from './observing/who-calls-whom.ts'
import type { Scenario } from './scenario.ts'
import legacyBehindSidecar from './sidecars/legacy-behind-sidecar.ts'
import serviceCodeIsTheSame from './sidecars/service-code-is-the-same.ts'
import sidecarKeepsPolicy from './sidecars/sidecar-keeps-policy.ts'

/** Every scenario, in the order in which they are told. To add one, write its file and import it here. */
export const catalogue: readonly Scenario[] = [
  eavesdrop,
  alterAmount,
  compromisedEdge,
  compromisedGateway,
  whoTerminates,
  decryptionPoints,
  zoneBorder,
  layers,
  hopEarnsItsPlace,
  sprawlService,
  sprawlPipeline,
  rogueNoCertificate,
  rogueSelfSigned,
  rogueForeignCa,
  rogueExpired,
  rogueWrongUsage,
  forgedIdentityHeader,
  wrongWorkload,
  denyByName,
  broadPolicy,
  stolenCredential,
  revocationTakesEffect,
  shortLivesLimitTheft,
  crlFailsClosedOrOpen,
  caRotationInOrder,
  caRotationOutOfOrder,
  trustBundleReachesEverybody,
  resumptionWithAnotherIdentity,
  auditTrail,
  impostorCallee,
  unverifiedCallee,
  userToken,
  tokenReplay,
  userRole,
  forgedClientAddress,
  clientAddressLost,
  forgedProxyHeader,
  l7Control,
  authOffload,
  requestSmuggling,
  namesAgree,
  h2Coalescing,
  downgrade,
  edgeHygiene,
  httpSemantics,
  rateLimit,
  routing,
  l7Metrics,
  headerNormalization,
  policyPackMoved,
  aroundTheEdge,
  bestFit,
  legacyBehindSidecar,
  sidecarKeepsPolicy,
  serviceCodeIsTheSame,
  switchWhileRunning,
  highestRiskFirst,
  previewOfStrictness,
  permissiveThenStrict,
  renewalLosesNothing,
  expiredCertificateIsAnOutage,
  clockDrift,
  failuresAreNamed,
  protocolPolicy,
  breakGlass,
  twoPkis,
  alertsFireWhereDeserved,
  certificatesMultiply,
  maturityWithholds,
  keysStayHome,
  requestIdThroughEveryHop,
  traceHasASpanPerHop,
  metricsAtEveryHop,
  packetCaptures,
  whoCallsWhom,
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
