import type { HeldTrust } from '../../chassis/observation.ts'
import { authorityName } from './authority-name.ts'
import { type Life, used } from './life.ts'
import type { Metric, Sample, Seen } from './metric.ts'

/** Whom workloads trust, and whether they can check what was revoked. */
export const trustMetrics = {
  hop_trust_versions_behind: {
    help: 'Versions of the trust bundle and its revocation lists that a workload has not taken yet',
    measure: ({ topology, trust, reports }) =>
      trust === undefined
        ? []
        : Object.keys(topology.workloads).map((workload): Sample => {
            const said = trust.workloads[workload]
            const behind = trust.version - (reports[workload]?.trust?.version ?? said?.version ?? 0)
            // of several that were missed only the last one's time is known; the first came after the last that was taken
            const since = behind > 1 && said?.ok ? said.at : trust.publishedAt
            return { labels: { workload, cause: said?.error ?? 'not taken' }, value: behind, since: () => since }
          }),
  },
  hop_crl_used_ratio: {
    help: 'Share of the time between issue and nextUpdate that has passed, of a revocation list held',
    measure: seen =>
      trusting(seen).flatMap(({ workload, crls }) =>
        crls.map(crl =>
          used(lifeOfList(seen, crl), seen.now, { workload, issuer: authorityName(seen.trust, crl.issuer) }),
        ),
      ),
  },
  hop_crl_missing: {
    help: '1 where a workload lacks the revocation list of a CA in use, else 0',
    measure: seen =>
      trusting(seen)
        .filter(({ version }) => version === seen.trust?.version)
        .flatMap(({ workload, crls }) =>
          (seen.trust?.authorities ?? [])
            .filter(({ active, trusted }) => active && trusted)
            .map(({ id }) => ({
              labels: { workload, issuer: authorityName(seen.trust, id) },
              value: crls.some(({ issuer }) => issuer === id) ? 0 : 1,
              since: () => seen.trust?.publishedAt ?? seen.now,
            })),
        ),
  },
} satisfies Record<string, Metric>

const trusting = ({ reports }: Seen): ({ workload: string } & HeldTrust)[] =>
  Object.values(reports).flatMap(({ workload, trust }) => (trust ? [{ workload, ...trust }] : []))

/** Lists are dated back as certificates are. When the one given out now was made is known; else its own date has to do. */
const lifeOfList = ({ trust }: Seen, crl: HeldTrust['crls'][number]): Life => ({
  from: crl.number === trust?.version ? trust.publishedAt : Date.parse(crl.thisUpdate),
  to: Date.parse(crl.nextUpdate),
})
