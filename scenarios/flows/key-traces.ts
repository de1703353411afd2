import { createPrivateKey } from 'node:crypto'
import type { KeyPair } from '../../services/chassis/tls-options.ts'
import type { LabClient } from '../lab-client.ts'
import { recordsSince } from './records.ts'

/** Everything that the lab tells an operator, by where it says it, as text. */
export const allThatIsSaid = async (lab: LabClient): Promise<Record<string, string>> => {
  const zero = Object.fromEntries(Object.keys(lab.topology.workloads).map(name => [name, 0]))
  const said = {
    state: lab.state(),
    certificates: lab.lifecycle.certificates(),
    trust: lab.lifecycle.trust(),
    switches: lab.switches(),
    'public keys of tokens': lab.jwks(),
    audit: wholeAudit(lab),
    'reports of the workloads': recordsSince(lab, zero),
  }
  return Object.fromEntries(
    await Promise.all(Object.entries(said).map(async ([where, what]) => [where, JSON.stringify(await what)] as const)),
  )
}

const wholeAudit = async (lab: LabClient) => {
  const all = []
  for (let id = 0; ; ) {
    const entries = await lab.audit(id)
    all.push(...entries)
    const end = entries.at(-1)
    if (!end || entries.length < 1000) return all
    id = end.id
  }
}

/** The forms in which a private key could show: its PEM, its DER, the number itself. */
export const formsOf = ({ key }: Pick<KeyPair, 'key'>): string[] => {
  const made = createPrivateKey(key)
  const number = Buffer.from(made.export({ format: 'jwk' }).d ?? '', 'base64url')
  const der = made.export({ type: 'pkcs8', format: 'der' })
  // a PEM in JSON is broken into lines of 64, each with an escaped end
  const lines = key.split('\n').filter(line => line.length > 20 && !line.startsWith('-'))
  return [
    ...lines,
    ...[number, der].flatMap(bytes => [bytes.toString('hex'), bytes.toString('base64'), bytes.toString('base64url')]),
  ]
}

/** Where one of these shows, whatever its case. */
export const placesOf = (said: Readonly<Record<string, string>>, forms: readonly string[]): string[] =>
  Object.keys(said).filter(where => {
    const text = said[where]!.toLowerCase()
    return forms.some(form => text.includes(form.toLowerCase()))
  })
