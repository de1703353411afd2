import type { Visible } from '../../scenarios/tools/visible.ts'
import { linkTitle } from '../../services/topology/topology.ts'
import type { Paint } from '../paint.ts'
import { pad, wrap } from './table.ts'
import { count, listed, shown } from './words.ts'

type Capture = {
  link: string
  file: string
  bytes: number
  connections: number
  keys: number
  visible: { withoutKeys: Visible; withKeys: Visible | null }
  /** Session secrets were asked for. */
  asked: boolean
}

/** What is in a capture file, what a network person sees in it, and what he needs to see more. */
export const renderCapture = (capture: Capture, { paint, columns }: { paint: Paint; columns: number }): string => {
  const { link, file, bytes, connections, keys, visible, asked } = capture
  const { withoutKeys, withKeys } = visible
  const labelled = (label: string, text: string) =>
    wrap(text, columns - 16).map((line, i) => `  ${pad(i === 0 ? label : '', 14)}${line}`)
  const [caller = '', callee = ''] = link.split(':')
  const sealed = withoutKeys.tls > 0
  return [
    `${paint.strong(linkTitle(link))}: ${count(connections, 'connection')}, ${count(bytes, 'byte')} in ${file}`,
    ...labelled('as it is', readable(withoutKeys)),
    ...(withKeys ? labelled('with keys', `${count(keys, 'session secret')} in the file: ${readable(withKeys)}`) : []),
    ...(sealed && !asked
      ? labelled('to see more', `--with-keys, or ask those where TLS ends: hop explain REQUEST-ID, hop calls ${callee}`)
      : []),
    ...(asked && sealed && !withKeys
      ? labelled('with keys', `${caller} and ${callee} reported no secret of these connections`)
      : []),
  ].join('\n')
}

const readable = ({ requests, statuses, tls, connections, serverNames, bytes }: Visible): string => {
  const names = serverNames.length > 0 ? ` for ${listed(serverNames.map(name => shown(name, 60)))}` : ''
  if (requests.length > 0)
    return `${shown(requests.join(', '), 200)} → ${statuses.join(', ') || 'no answer'}, with headers and bodies`
  if (tls > 0) return `TLS${names}: when, how long, ${count(bytes, 'byte')}; no request, no header, no body`
  return connections === 0 ? 'nothing passed' : `${count(bytes, 'byte')} that are no HTTP`
}
