/**
 * Random worlds as the documents that people write: pods, Services and namespaces, and policies of every kind that is read.
 * @module
 */
import { Chance } from '../../reference/calico-random.ts';
import { istioDocument } from './istio-documents.ts';
import { siteDocument } from './site-documents.ts';
import { tierDocuments } from './tier-documents.ts';
import { accounts, type Fields, labels, namespaces, values } from './vocabulary.ts';

/** What is written, and which planes decide. */
export interface WorldDocuments {
  readonly registry: readonly Fields[];
  readonly policies: readonly Fields[];
  readonly site: readonly Fields[];
  readonly planes: { readonly calico: Mode; readonly l4: Mode; readonly site: Mode };
  readonly absence: 'upstream' | 'strict';
}

type Mode = 'enforce' | 'off';

/** A world of a seed: a few documents, so that a difference can be read. */
export function worldDocuments(seed: number): WorldDocuments {
  const chance = new Chance(seed);
  const mode = (odds: number): Mode => (chance.odds(odds) ? 'enforce' : 'off');
  const planes = { calico: mode(0.4), l4: mode(0.5), site: mode(0.3) };
  const upTo = (most: number, make: (i: number) => Fields): Fields[] =>
    Array.from({ length: 1 + chance.below(most) }, (_, i) => make(i));
  return {
    planes,
    absence: chance.odds(0.8) ? 'upstream' : 'strict',
    registry: [...registryDocuments(chance), ...serviceDocuments(chance)],
    policies: [
      ...(chance.odds(0.75) ? upTo(5, (i) => istioDocument(chance, i)) : []),
      ...(planes.l4 === 'enforce' || planes.calico === 'enforce' ? tierDocuments(chance) : []),
    ],
    site: planes.site === 'enforce' ? upTo(2, (i) => siteDocument(chance, i)) : [],
  };
}

function registryDocuments(chance: Chance): Fields[] {
  const pods = Array.from({ length: 3 + chance.below(4) }, (_, i): Fields => {
    const addresses = [`10.0.0.${i + 1}`, ...(chance.odds(0.2) ? [`fd00::${i + 1}`] : [])];
    const ports = [
      { name: 'http', containerPort: chance.of([80, 8080]) },
      ...(chance.odds(0.3) ? [{ name: 'dns', containerPort: 53, protocol: 'UDP' }] : []),
    ];
    return {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { namespace: chance.of(namespaces), name: `pod-${i}`, labels: labels(chance) },
      spec: {
        serviceAccountName: chance.of(accounts),
        ...(chance.odds(0.05) && { hostNetwork: true }),
        containers: [{ name: 'c', ports }],
      },
      status: { phase: 'Running', podIPs: addresses.map((ip) => ({ ip })) },
    };
  });
  return [
    ...namespaces.map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: labels(chance) } })),
    ...namespaces.flatMap((namespace) =>
      accounts
        .filter(() => chance.odds(0.6))
        .map((name) => ({
          apiVersion: 'v1',
          kind: 'ServiceAccount',
          metadata: { namespace, name, labels: labels(chance) },
        })),
    ),
    ...pods,
  ];
}

/** Services by labels, and those whose places stand in slices. */
function serviceDocuments(chance: Chance): Fields[] {
  return namespaces.flatMap((namespace) => {
    if (chance.odds(0.4)) return [];
    const bySelector = chance.odds(0.7);
    const ports = [{ port: 80, targetPort: chance.of<unknown>(['http', 8080, 9000]) }];
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { namespace, name: 'front' },
      spec: { ...(bySelector && { selector: { app: chance.of(values) } }), ports },
    };
    if (bySelector) return [service];
    const slice = {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { namespace, name: 'front-1', labels: { 'kubernetes.io/service-name': 'front' } },
      addressType: 'IPv4',
      ports: [{ port: chance.of([8080, 9000]) }],
      endpoints: [{ addresses: [chance.of(['10.0.0.1', '10.0.0.2', '198.18.0.9'])] }],
    };
    return [service, slice];
  });
}
