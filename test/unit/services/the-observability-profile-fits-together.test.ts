import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { observability } from '../../support/prometheus.ts'

const read = (name: string) => parse(readFileSync(join(observability, name), 'utf8'))

type Service = {
  image: string
  profiles: string[]
  ports?: string[]
  networks: string[]
  volumes?: string[]
  cap_drop: string[]
  read_only: boolean
}
const compose = read('compose.yaml') as {
  services: Record<string, Service>
  networks: Record<string, object>
  volumes: Record<string, object>
}
const services = Object.entries(compose.services)

describe.each(services)('%s', (_name, service) => {
  test('is an image of one exact version, and only there on demand', () => {
    expect(service.image).toMatch(/^[a-z0-9/-]+:v?\d+\.\d+\.\d+$/)
    expect(service.profiles).toEqual(['observability'])
  })

  test('can be reached from this machine alone, and can do little', () => {
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:\$\{\w+:-\d+\}:\d+$/)
    expect([service.read_only, service.cap_drop]).toEqual([true, ['ALL']])
  })

  test('has files, networks and volumes that are there', () => {
    for (const volume of service.volumes ?? []) {
      const [from = ''] = volume.split(':')
      if (from.startsWith('./')) expect([from, existsSync(join(observability, from))]).toEqual([from, true])
      else expect(Object.keys(compose.volumes)).toContain(from)
    }
    for (const network of service.networks) expect(Object.keys(compose.networks)).toContain(network)
  })
})

test('Prometheus looks for the files, the token and the targets where the profile puts them', () => {
  const { volumes, networks } = compose.services.prometheus!
  const [hop, collector] = read('prometheus.yaml').scrape_configs
  for (const { authorization } of [hop, hop.http_sd_configs[0]]) {
    expect(authorization.type).toBe('Bearer')
    expect(volumes).toContain(`operator:${authorization.credentials_file.replace(/\/[^/]+$/, '')}:ro`)
  }
  expect(new URL(hop.http_sd_configs[0].url).pathname).toBe('/api/prometheus/targets')
  expect(networks).toContain('operator')
  expect(read('prometheus.yaml').rule_files).toEqual(['hop.rules.yaml'])
  const [host, port] = collector.static_configs[0].targets[0].split(':')
  expect(compose.services[host]!.networks.some(name => networks.includes(name))).toBe(true)
  const { readers } = read('otel-collector.yaml').service.telemetry.metrics
  expect(String(readers[0].pull.exporter.prometheus.port)).toBe(port)
})

test('the collector’s pipelines are made of parts that it has, and lead to Jaeger', () => {
  const config = read('otel-collector.yaml')
  for (const pipeline of Object.values<Record<string, string[]>>(config.service.pipelines))
    for (const [kind, names] of Object.entries(pipeline))
      for (const name of names) expect(Object.keys(config[kind])).toContain(name)
  expect(config.exporters['otlp/jaeger'].endpoint).toBe('jaeger:4317')
})

test('Grafana finds its sources and its dashboard, and the dashboard its source', () => {
  const { datasources } = read('grafana/provisioning/datasources/hop.yaml')
  for (const { url } of datasources) {
    const { hostname } = new URL(url)
    expect(Object.keys(compose.services)).toContain(hostname)
  }
  const { providers } = read('grafana/provisioning/dashboards/hop.yaml')
  expect(compose.services.grafana!.volumes).toContain(`./grafana/dashboards:${providers[0].options.path}:ro`)
  const uids = datasources.map(({ uid }: { uid: string }) => uid)
  for (const file of readdirSync(join(observability, 'grafana/dashboards'))) {
    const { panels } = JSON.parse(readFileSync(join(observability, 'grafana/dashboards', file), 'utf8'))
    const ids = panels.map(({ id }: { id: number }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    for (const { datasource, targets } of panels)
      for (const { uid } of [datasource, ...targets.map((target: { datasource: object }) => target.datasource)])
        expect(uids).toContain(uid)
  }
})
