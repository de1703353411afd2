import { describe, expect, it } from 'vitest'
import { modes } from '../../../services/modes.ts'
import { built, type Manifest, treeOf } from '../../support/kubernetes/built.ts'
import { faultsOf } from '../../support/kubernetes/schemas.ts'
import { bundled } from '../../support/topologies.ts'

const faultsIn = async (manifests: readonly Manifest[]): Promise<string[]> =>
  (
    await Promise.all(
      manifests.map(async each => (await faultsOf(each)).map(fault => `${each.kind} ${each.metadata?.name} ${fault}`)),
    )
  ).flat()

describe.each(bundled)('%s', name => {
  const tree = treeOf(name)

  it.each(['base', ...modes.map(mode => `overlays/${mode}`)])(
    'every manifest of %s is valid, without a field too many',
    async dir => {
      const manifests = built(tree, dir)
      expect(new Set(manifests.map(({ kind }) => kind))).toEqual(
        new Set([
          ...['Namespace', 'NetworkPolicy', 'ServiceAccount', 'Service'],
          ...['StatefulSet', 'Deployment', 'ConfigMap', 'Secret'],
        ]),
      )
      expect(await faultsIn(manifests)).toEqual([])
    },
  )

  it('no two manifests are of one kind and name', () => {
    const names = built(tree, 'base').map(({ kind, metadata }) => `${kind} ${metadata.name}`)
    expect(names).toEqual([...new Set(names)])
  })

  it.each(modes)('the overlay %s begins in that mode and changes nothing else', mode => {
    const settings = (manifests: Manifest[]) => manifests.find(each => each.metadata.name === 'control-settings')!
    const [base, overlay] = [built(tree, 'base'), built(tree, `overlays/${mode}`)]
    expect(settings(overlay).data).toEqual({ HOP_MODE: mode })
    settings(overlay).data = settings(base).data
    expect(overlay).toEqual(base)
  })
})

describe('a spoiled manifest is refused:', () => {
  const orders = () =>
    built(treeOf('shop'), 'base').find(each => each.kind === 'Deployment' && each.metadata.name === 'orders')!
  const container = (manifest: Manifest) => manifest.spec.template.spec.containers[0]
  const spoiled: [what: string, spoil: (manifest: Manifest) => void, fault: string][] = [
    ['a field misspelt at the top', m => Object.assign(m, { sepc: m.spec }), '/sepc: unknown'],
    [
      'a field misspelt deep inside',
      m => Object.assign(container(m).securityContext, { readonly: true }),
      '/spec/template/spec/containers/0/securityContext/readonly: unknown',
    ],
    [
      'a probe that does not exist',
      m => Object.assign(container(m), { aliveProbe: {} }),
      '/spec/template/spec/containers/0/aliveProbe: unknown',
    ],
    ['a number that is a text', m => Object.assign(m.spec, { replicas: '1' }), '/spec/replicas: type'],
    ['no selector', m => delete m.spec.selector, '/spec: required'],
    [
      'a capability list that is a text',
      m => Object.assign(container(m).securityContext.capabilities, { drop: 'ALL' }),
      '/spec/template/spec/containers/0/securityContext/capabilities/drop: type',
    ],
    [
      'a quantity that is none',
      m => Object.assign(container(m).resources.limits, { memory: '256 MB' }),
      '/spec/template/spec/containers/0/resources/limits/memory: format',
    ],
    [
      'an API version that is gone',
      m => Object.assign(m, { apiVersion: 'extensions/v1beta1' }),
      'no schema for extensions/v1beta1 Deployment',
    ],
  ]
  it.each(spoiled)('%s', async (_, spoil, fault) => {
    const manifest = orders()
    expect(await faultsOf(manifest)).toEqual([])
    spoil(manifest)
    expect(await faultsOf(manifest)).toContain(fault)
  })
})
