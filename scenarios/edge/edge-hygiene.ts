import { whereTheEdgeReads } from '../expected.ts'
import { failed } from '../flows/evidence.ts'
import { type Met, meetEdge } from '../flows/hygiene.ts'
import { defineScenario, type Evidence, type Observed } from '../scenario.ts'

export default defineScenario({
  id: 'edge-hygiene',
  claims: ['C7', 'C8'],
  title: 'Does the public entrance do what a scanner would ask of it?',
  guarantee: 'modern TLS only, HSTS on every answer, nothing in plaintext',
  explanation:
    'Only modern versions and ciphers are agreed on, the plaintext port sends everybody to HTTPS under the one name served here, plaintext at the TLS port gets nothing, and every answer, refusals too, tells browsers to stay with HTTPS. Where the edge passes TLS through, no header of its own can be added: the service answers the public itself and says nothing of HSTS until somebody makes it.',
  per: 'system',
  expected: whereTheEdgeReads,
  run: async lab => judgeHygiene(await meetEdge(lab), lab.topology.ingress),
})

const yearSeconds = 31_536_000

/** AEAD with forward secrecy (RFC 9325 §4.2). */
const modern = /^TLSv1\.3 |^TLSv1\.2 TLS_ECDHE_\w+_WITH_(?:AES_\d+_GCM|CHACHA20_POLY1305)/

/** Every fault a scanner would name. The control: an honest request was served over TLS 1.3, and each refusal was one. */
export const judgeHygiene = (met: Met, { edge, serverName }: { edge: string; serverName: string }): Observed => {
  const { agreed, answered, redirected, plaintext } = met
  const silent = answered.filter(({ hsts }) => maxAge(hsts) < yearSeconds)
  const faults = [
    ...agreed
      .filter(({ taken }) => taken !== undefined && !modern.test(taken))
      .map(({ taken }) => `agreed on ${taken}`),
    ...(silent.length > 0 ? [`no HSTS in the answer to ${silent.map(({ what }) => what).join(', ')}`] : []),
    ...redirected
      .filter(({ status, location }) => status !== 308 || new URL(location || 'http:x').protocol !== 'https:')
      .map(({ host }) => `plain HTTP for ${host} is not redirected`),
    ...redirected
      .filter(({ location }) => location !== '' && new URL(location).hostname !== serverName)
      .map(({ location }) => `plain HTTP leads to ${location}`),
    ...(plaintext.served.length > 0 || succeeded(plaintext.status) ? ['plaintext was served at the port of TLS'] : []),
  ]
  const [honest, ...refusals] = answered
  return {
    verdict: faults.length > 0 ? 'broken' : 'holds',
    because: faults.length > 0 ? faults.join('; ') : 'modern TLS, HSTS on every answer, no plaintext but the redirect',
    evidence: [
      ...agreed.map(({ offered, taken }) => told(`offered ${offered}`, edge, taken ?? 'refused')),
      ...answered.map(({ what, status, hsts }) =>
        told(`answer to ${what}`, 'client', `${status}, HSTS: ${hsts ?? 'none'}`),
      ),
      ...redirected.map(({ host, status, location }) =>
        told(`plain HTTP for ${host}`, 'client', `${status} ${location}`),
      ),
      told('plaintext at the port of TLS', 'client', plaintext.status === 0 ? 'no answer' : String(plaintext.status)),
      ...(plaintext.refused ? [failed(`what ${edge} recorded of it`, edge, plaintext.refused)] : []),
    ],
    control: {
      passed:
        honest !== undefined &&
        succeeded(honest.status) &&
        refusals.every(({ status }) => status >= 400 && status < 500) &&
        agreed.some(({ taken }) => taken?.startsWith('TLSv1.3')) &&
        (plaintext.refused !== undefined || succeeded(plaintext.status)),
      evidence: honest ? [told(honest.what, 'client', String(honest.status))] : [],
    },
  }
}

const maxAge = (hsts: string | undefined): number => Number(/max-age=(\d+)/.exec(hsts ?? '')?.[1] ?? 0)

const succeeded = (status: number): boolean => status >= 200 && status < 300

const told = (title: string, where: string, text: string): Evidence => ({ kind: 'text', title, where, text })
