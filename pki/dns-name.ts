import { HopError } from './error.ts'

const label = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?'
const name = new RegExp(`^${label}(\\.${label})*$`)

/**
 * Is this a DNS name a certificate may carry: lower case, no wildcard, no address, at or below `suffix` if one is given?
 * @throws HopError `dns-name`
 */
export const checkDnsName = (text: string, suffix?: string): void => {
  if (text.length > 253 || !name.test(text) || /^[\d.]+$/.test(text)) {
    throw fault('a lower-case DNS name, no wildcard, no address', text)
  }
  if (suffix !== undefined && text !== suffix && !text.endsWith(`.${suffix}`)) {
    throw fault(`${suffix} or a name below it`, text)
  }
}

const fault = (expected: string, found: string): HopError =>
  new HopError('dns-name', { field: 'DNS name', expected, found: JSON.stringify(found.slice(0, 200)) })
