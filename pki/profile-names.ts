import { bent, chain, type Profile, svid, unconstrained, uri } from './profile-row.ts'

/** Certificates whose names are wrong, misleading or missing. */
export const nameProfiles = {
  'wrong-san': {
    summary: 'sound, but the name of somebody else',
    bends: ['names'],
    refused: { by: 'authorization' },
    bend: subject => ({
      names: [
        subject.kind === 'workload'
          ? { uri: `spiffe://${subject.trustDomain}/somebody-else` }
          : { dns: `not-${subject.dnsName}` },
      ],
    }),
  },
  'other-trust-domain': {
    ...unconstrained(
      uri('a SPIFFE ID of another trust domain, from an issuer nothing constrains', '', id =>
        id.replace(/\/\/[^/]+/, '//other.invalid'),
      ),
    ),
    refused: { by: 'authorization' },
  },
  'name-constraint': {
    summary: 'a URI its issuer is constrained from certifying',
    bends: ['names'],
    refused: chain('UNSPECIFIED'),
    bend: () => ({ names: [{ uri: 'spiffe://other.invalid/orders' }] }),
  },
  'no-san': unconstrained(
    bent('no subjectAltName, CN=localhost', ['names'], svid('svid-no-san'), {
      names: [],
      subject: { commonName: 'localhost' },
    }),
  ),
  'dns-only': {
    ...unconstrained(bent('a DNS name and no URI', ['names'], svid('svid-no-uri'), { names: [{ dns: 'localhost' }] })),
    only: 'workload',
  },
  'two-uris': {
    summary: 'two SPIFFE IDs, the right one first',
    bends: ['names'],
    only: 'workload',
    refused: svid('svid-many-uris'),
    bend: subject =>
      subject.kind === 'workload'
        ? { names: [{ uri: subject.id }, { uri: `spiffe://${subject.trustDomain}/somebody-else` }] }
        : {},
  },
  'san-not-critical': {
    ...bent('empty subject beside a subjectAltName that is not critical', ['names'], svid('svid-san-not-critical'), {
      namesCritical: false,
    }),
    only: 'workload',
  },
  'comma-in-san': uri(
    'a second name after a comma inside the URI',
    'spiffe-id-path',
    (id, td) => `${id},URI:spiffe://${td}/somebody-else`,
  ),
  'newline-in-san': uri(
    'a second name after a newline inside the URI',
    'spiffe-id-path',
    (id, td) => `${id}\nURI:spiffe://${td}/somebody-else`,
  ),
  'nul-in-san': uri('the right name, a NUL, and more', 'spiffe-id-path', id => `${id}\0.evil`),
  'not-spiffe-san': uri('an https URI', 'spiffe-id-scheme', id => id.replace('spiffe:', 'https:')),
  'upper-case-scheme': uri('SPIFFE in capitals', 'spiffe-id-scheme', id => id.replace('spiffe:', 'SPIFFE:')),
  'upper-case-trust-domain': uri('the trust domain in capitals', 'spiffe-id-trust-domain', (id, td) =>
    id.replace(td, td.toUpperCase()),
  ),
  'port-in-san': uri('a port after the trust domain', 'spiffe-id-trust-domain', (id, td) =>
    id.replace(td, `${td}:443`),
  ),
  'userinfo-in-san': unconstrained(
    uri('a user before the trust domain', 'spiffe-id-trust-domain', (id, td) => id.replace(td, `evil@${td}`)),
  ),
  'query-in-san': uri('a query after the path', 'spiffe-id-path', id => `${id}?as=somebody-else`),
  'fragment-in-san': uri('a fragment after the path', 'spiffe-id-path', id => `${id}#somebody-else`),
  'percent-in-san': uri('percent-encoding in the path', 'spiffe-id-path', id => id.replace(/.$/, '%$&0')),
  'dot-segment-in-san': uri('dot segments in the path', 'spiffe-id-dot-segment', id => `${id}/../somebody-else`),
  'empty-segment-in-san': uri('an empty path segment', 'spiffe-id-empty-segment', (id, td) => id.replace(td, `${td}/`)),
  'trailing-slash-in-san': uri('a slash at the end', 'spiffe-id-empty-segment', id => `${id}/`),
  'no-path-in-san': uri('the ID of the authority itself', 'svid-no-path', (_, td) => `spiffe://${td}`),
  'too-long-san': uri('more than 2048 bytes', 'spiffe-id-too-long', id => id.padEnd(2049, 'x')),
} satisfies Record<string, Profile>
