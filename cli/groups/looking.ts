import type { CallsWords } from '../commands/calls.ts'
import type { EdgesWords, WatchWords } from '../commands/edges.ts'
import type { TokenWords } from '../commands/token.ts'
import type { TraceWords } from '../commands/trace.ts'
import { append, type Define } from './define.ts'

/** Seeing what is there. */
export const lookingCommands = (command: Define): void => {
  command('map', 'each hop as observed: transport, version, cipher, key exchange, both identities', async context =>
    (await import('../commands/observe.ts')).map(context),
  )
  command<{ header?: string[]; body?: string }>(
    'request [method] [path]',
    "one request (default: the topology's probe), followed hop by hop",
    async (context, words, method, path) =>
      (await import('../commands/observe.ts')).request(context, method, path, words),
  )
    .option('--header <header>', "such as 'x-forwarded-for: 192.0.2.1'; again for more", append)
    .option('--body <json>', 'JSON, or @file')
    .addHelpText('after', `\nExample: hop request GET /orders/1 --header 'x-user: mallory'`)
  command<TraceWords>(
    'trace <id>',
    'one request as a waterfall, a span for each end of every hop; by trace id or request id',
    async (context, words, id = '') => (await import('../commands/trace.ts')).trace(context, id, words),
  )
    .option('--attributes', 'all that each span says, by the names of OpenTelemetry')
    .addHelpText(
      'after',
      `
From what the workloads recorded; nobody has to collect anything. With OTEL_EXPORTER_OTLP_ENDPOINT
set when the lab starts they send the same spans to a collector. Exit code 1 where the trace is not
well formed.
Example: hop trace 8a2aa37fe9ba8755e5a65b49`,
    )
  command<TokenWords>(
    'token',
    "a user's signed token, for the Authorization header of a request",
    async (context, words) => (await import('../commands/token.ts')).token(context, words),
  )
    .option('--subject <name>', 'who the user is (default: ada)')
    .option('--role <role>', 'a role the user has; again for more', append)
    .option('--audience <name>', "whom it is for (default: the topology's)")
    .option('--lifetime <seconds>', 'how long it is valid, at most 86400 (default: 3600)')
    .addHelpText('after', `\nExample: hop request --header "authorization: Bearer $(hop token --role support)"`)
  command<{ output?: string; withKeys?: boolean; request?: boolean }>(
    'capture <link>',
    'one request on a link, as a capture file for Wireshark',
    async (context, words, link = '') => (await import('../commands/capture.ts')).capture(context, link, words),
  )
    .option('-o, --output <file>', 'where to, - for standard output (default: named after the link)')
    .option('--with-keys', 'put the session secrets in, so that the capture can be opened')
    .option('--no-request', 'no new request: what is recorded already')
    .addHelpText('after', `\nExample: hop capture orders:payments -o payments.pcapng`)
  command<CallsWords>(
    'calls [workload]',
    'who called it, as whom, proven by what, by which rule (default: every workload)',
    async (context, words, name) => (await import('../commands/calls.ts')).calls(context, name, words),
  )
    .option('--denied', 'only what was denied')
    .addHelpText('after', `\nFrom the records of the workloads, each of which remembers its last 2000 requests.`)
  command<EdgesWords>(
    'edges',
    'who calls whom, over what, as whom: as seen, beside what is meant',
    async (context, words) => (await import('../commands/edges.ts')).edges(context, words),
  )
    .option('--since <time>', 'seen 30s, 10m or 2h ago; all is all that is remembered (default: in this mode)')
    .addHelpText(
      'after',
      `
Counted by both ends of each connection, strangers included: conns are connections, refused those
turned away by either end, reused the share of requests on a connection that had carried one before,
expires the certificate that ends first. Exit code 1 where what was seen is not what is meant.
Example: hop edges --since 10m --json`,
    )
  command<WatchWords>('watch', 'the same, live', async (context, words) =>
    (await import('../commands/edges.ts')).watch(context, words),
  )
    .option('--for <time>', 'for so long, such as 10s (default: until Ctrl-C)')
    .addHelpText(
      'after',
      `
On a terminal the table is drawn over every second; into a file or a pipe goes a line for each edge
on which something happened, with --json an object a line.
Example: hop watch --for 10s`,
    )
  command(
    'metrics [workload]',
    'what it counts, as Prometheus gets it (default: a line of each; control: of the whole lab)',
    async (context, _words, name) => (await import('../commands/metrics.ts')).metrics(context, name),
  ).addHelpText('after', `\nExample: hop metrics payments | promtool check metrics`)
  command<{ since?: string }>('audit', 'who did what to the lab', async (context, words) =>
    (await import('../commands/look.ts')).audit(context, words),
  ).option('--since <number>', 'only entries after this one')
}
