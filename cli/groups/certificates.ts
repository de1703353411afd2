import type { BreakWords } from '../commands/break.ts'
import type { BreakGlassWords } from '../commands/break-glass.ts'
import type { CertificateWords } from '../commands/certificates.ts'
import type { DoctorWords } from '../commands/doctor.ts'
import type { RevokeWords } from '../commands/revoke.ts'
import type { RotateWords } from '../commands/rotate.ts'
import type { Define } from './define.ts'

/** Certificates, trust, and what is wrong with them. */
export const certificateCommands = (command: Define): void => {
  command<CertificateWords>(
    'certificates',
    'every certificate that is held: by whom, for how long, and where it was shown in the present mode',
    async (context, words) => (await import('../commands/certificates.ts')).certificates(context, words),
  )
    .option('--all', 'also those that are still valid and that nobody holds')
    .option('--counts', 'how much work they are: certificates in use, owners, issuances per hour')
    .option('--services <number>', 'the same, extrapolated to so many services (default: 10, 100 and 500)')
    .addHelpText(
      'after',
      `
Counts are observed in the present mode by a request over new connections; hop matrix counts every
mode.
Example: hop certificates --counts --services 200`,
    )
  command<RotateWords>(
    'rotate [ca]',
    'replaces a CA live: root, or intermediate (both issuing CAs under the same root)',
    async (context, words, ca) => (await import('../commands/rotate.ts')).rotate(context, ca, words),
  )
    .option('--step', 'one step only (trust, reissue, distrust), then hold')
    .option('--stop-at <step>', 'hold after this step')
    .option('--back', 'back to the CA that was, from any step')
    .option('--careless <order>', 'an experiment: reissue-first or distrust-first, the wrong orders, with their outage')
    .addHelpText(
      'after',
      `
trust: everybody trusts old and new. reissue: everybody holds certificates of the new. distrust:
nobody trusts the old any more, and connections that rest on it have ended. Each step is
acknowledged by every workload before the next; what a restart interrupts goes on by itself; asked
for again, it goes on.
Clients outside get no word of it: with --step, have them fetch the new bundle (hop state --json)
between trust and reissue, or they will not know the edge.
Example: hop rotate root --step && hop state --json > /dev/null && hop rotate root`,
    )
  command<{ prometheus?: boolean }>(
    'alerts',
    'which alerts fire now, where, since when, and what to do',
    async (context, words) => (await import('../commands/alerts.ts')).alerts(context, words),
  )
    .option('--prometheus', "the same alerts as a rule file for Prometheus, of hop's own metrics")
    .addHelpText(
      'after',
      `
Judged by what workloads report and the control plane keeps; failed handshakes count for five
minutes, or until one succeeds. For CI: exit code 1 when a critical alert fires.
Example: hop alerts --prometheus > hop.rules.yaml && promtool check rules hop.rules.yaml`,
    )
  command<RevokeWords>(
    'revoke <what...>',
    'takes certificates back: a SPIFFE ID, a DNS name, a workload, or serials',
    async (context, words, ...what) => (await import('../commands/revoke.ts')).revoke(context, what as string[], words),
  )
    .requiredOption('--reason <reason>', 'why: keyCompromise, superseded, cessationOfOperation … (RFC 5280)')
    .option('--yes', 'also where a running workload holds them, without asking')
    .addHelpText(
      'after',
      `
New connections are refused, open ones cut, everywhere; then it says after how many milliseconds
that was so. A serial may be cut short as long as it is one certificate's; of several serials all
are revoked or none. A workload that loses its certificate is out until hop reenrol lets it in
again.
Example: hop revoke orders --reason keyCompromise --yes && hop reenrol orders`,
    )
  command('renew <workload>', 'has a workload renew everything it holds, now', async (context, _, name = '') =>
    (await import('../commands/renew.ts')).renew(context, name),
  ).addHelpText(
    'after',
    `\nOne whose certificate was revoked or has ended is let in by hop reenrol.\nExample: hop renew orders`,
  )
  command(
    'reenrol <workload>',
    'lets a workload in again whose certificates were revoked',
    async (context, _, name = '') => (await import('../commands/reenrol.ts')).reenrol(context, name),
  ).addHelpText(
    'after',
    `
It gets a one-time join token and enrols with a new key, as on its first day. Nobody does so by
himself: whoever stole its key would too. A workload that is a process of its own needs its new
token in its file, and a restart.
Example: hop reenrol orders`,
  )
  command<DoctorWords>('doctor', 'what is wrong, seen from every side, why, and what to do', async (context, words) =>
    (await import('../commands/doctor.ts')).doctor(context, words),
  )
    .option('--strict', 'fail on warnings too')
    .option('--notes', 'tell each note too: what was refused and works since, strangers turned away')
    .option('--no-probe', 'no request of its own first')
    .addHelpText(
      'after',
      `
Looks at certificates and their renewal, clocks, trust and revocation lists, refused handshakes as
both ends recorded them, plaintext across zone borders, and what is switched off or left open.
Plaintext that a mode declares is a warning, as hop gate has it. For CI: exit code 1 when something
is an error.
Example: hop doctor --strict --json`,
    )
  command<BreakWords>(
    'break [link]',
    'make a link fail in a chosen way, and have the doctor name it from what both ends saw',
    async (context, words, link) => (await import('../commands/break.ts')).breakLink(context, link, words),
  )
    .option('--with <faults>', 'one or several (a,b), each in turn; all is every one this link allows')
    .option('--side <end>', 'the end that does it: caller or callee (default: both, in turn)')
    .option('--tls <version>', 'what the public client speaks on its link: 1.2 or 1.3 (default)')
    .option('--list', 'what there is to choose from')
    .addHelpText(
      'after',
      `
At the callee, the wire leads the real caller to somebody who stands in for it; at the caller, an
insider calls the real callee. Both are undone when it is over. Exit code 1 when the doctor names
another cause.
Example: hop break orders:payments --with expired,wrong-san`,
    )
  command<BreakGlassWords>(
    'break-glass [link]',
    'in an incident: one link by a weaker transport, for a while, on the record',
    async (context, words, link) => (await import('../commands/break-glass.ts')).breakGlass(context, link, words),
  )
    .option('--for <time>', 'for how long, from 1s to 1h; then it ends by itself')
    .option('--reason <text>', 'why; it goes into the audit')
    .option('--to <transport>', 'plaintext or tls, weaker than the present one (default: plaintext)')
    .option('--end', 'end it before its time')
    .addHelpText(
      'after',
      `
Both ends go back by their own clocks, whether or not the control plane is there. One link at a
time, and not during a rollout or a rotation. Exit code 1 when an end of the link did not say that
it does so.
Example: hop break-glass orders:payments --for 30s --reason 'the certificate of payments ran out'`,
    )
}
