import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Authority, RevokedBy } from '../../../pki/authority.ts'
import { splitPem } from '../../../pki/pem.ts'

/** Runs the system's openssl with these files in its directory. `output` has both streams. */
export const openssl = (args: string[], files: Record<string, string> = {}): { ok: boolean; output: string } => {
  const directory = mkdtempSync(join(tmpdir(), 'hop-pki-'))
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text, { mode: 0o600 })
    const { status, stdout, stderr } = spawnSync('openssl', args, { cwd: directory, encoding: 'utf8' })
    return { ok: status === 0, output: stdout + stderr }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

export const hasOpenssl = openssl(['version']).ok

/** A second opinion on a chain: openssl's strict verification, with the CRLs of every CA in it. */
export const verify = (authority: Authority, chain: string, revoked: RevokedBy[] = []) => {
  const [leaf, ...above] = splitPem(chain)
  const trust = [...authority.trustBundle(), ...authority.crls({ revoked, number: 1 })].join('')
  const untrusted = above.length ? ['-untrusted', 'above.pem'] : []
  return openssl(['verify', '-x509_strict', '-crl_check_all', '-CAfile', 'trust.pem', ...untrusted, 'leaf.pem'], {
    'trust.pem': trust,
    'leaf.pem': leaf!,
    'above.pem': above.join(''),
  })
}
