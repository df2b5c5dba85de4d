/**
 * A drawn world as files, which Gatehouse reads, and as the model that it makes of them.
 * @module
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { registryKinds } from '../../../src/policy/dialects/kubernetes/registry-readers.ts';
import { siteKinds } from '../../../src/policy/dialects/site/kinds.ts';
import { policyKinds } from '../../../src/policy/dialects/table.ts';
import { loadPolicies } from '../../../src/policy/load.ts';
import type { PolicyModel } from '../../../src/policy/model.ts';
import { readPolicies } from '../../../src/policy/read-policies.ts';
import type { Endpoint } from '../../../src/policy/registry/registry.ts';
import type { TempDir } from '../../support/temp-dir.ts';
import { drawPlanes } from './draw-planes.ts';
import type { drawPolicies } from './draw-policies.ts';
import { drawnCallers } from './draw-questions.ts';
import { type DrawnSettings, HOPS, issuedIn } from './draw-settings.ts';

/** What was drawn, as texts of documents by where they are read, and what these come to. */
export interface World {
  readonly drawn: ReturnType<typeof drawPolicies>;
  readonly texts: { readonly [folder in 'policies' | 'registry' | 'site']: string };
  /** Of the planes beside Istio's, what is each place's own. */
  readonly planeTexts: readonly string[];
  readonly model: PolicyModel;
}

const joined = (documents: readonly string[]): string => documents.join('\n---\n');
const nothing = { registry: [], network: [], networkOf: [], site: [] };

/** The world of a seed. @throws Error for documents that are refused */
export function drawnWorld(seed: number, drawn: World['drawn']): World {
  const { settings, places, everywhere } = drawn;
  const { registry, network, networkOf, site } = settings.planes === undefined ? nothing : drawPlanes(seed, places);
  const istio = [...everywhere, ...places.flatMap(({ documents }) => documents)];
  const texts = {
    policies: joined([...istio, ...(settings.isEmpty ? [] : [...network, ...networkOf.flat()])]),
    registry: joined(registry),
    site: joined(settings.isEmpty ? [] : site),
  };
  return { drawn, texts, planeTexts: places.map((_, i) => joined(networkOf[i] ?? [])), model: modelOf(texts, drawn) };
}

const CANDIDATE = JSON.stringify({
  ...{ apiVersion: 'security.istio.io/v1', kind: 'AuthorizationPolicy' },
  metadata: { name: 'candidate', namespace: 'istio-system' },
  spec: {},
});

/** Writes it; answers the file of the configuration. */
export async function writeWorld(dir: TempDir, name: string, { texts, drawn }: World): Promise<string> {
  const files = { ...texts, candidate: CANDIDATE };
  for (const [folder, text] of Object.entries(files)) {
    await mkdir(dir.at(`${name}/${folder}`), { recursive: true });
    if (text !== '') await writeFile(dir.at(`${name}/${folder}/p.yaml`), text);
  }
  const file = dir.at(`${name}/gatehouse.yaml`);
  await writeFile(file, JSON.stringify(configuration(dir, name, drawn)));
  return file;
}

const planesOf = ({ planes }: DrawnSettings) => planes && { calico: planes.calico, l4: planes.l4, site: planes.site };

function configuration(dir: TempDir, name: string, { settings, places }: World['drawn']): object {
  const { aliases, absence, allowEmpty, verifyPeer, peerTrustDomains, ambiguousRequests, trustedHops } = settings;
  const path = (folder: string): string => dir.at(`${name}/${folder}`);
  const hasSite = settings.planes !== undefined && !settings.isEmpty;
  return {
    ...{ trustDomain: 'cluster.local', trustDomainAliases: aliases },
    authority: { upstream: { cert: dir.at('roots.pem'), key: dir.at('roots.key'), ca: dir.at('roots.pem') } },
    listen: { extAuthz: '127.0.0.1:0', health: '127.0.0.1:0' },
    registry: { paths: settings.planes === undefined ? [] : [path('registry')] },
    policies: {
      ...{ paths: [path('policies')], absence, allowEmpty, hops: [HOPS], planes: planesOf(settings) },
      ...(hasSite && { site: { paths: [path('site')] } }),
      ...(settings.hasCandidate && { candidate: { paths: [path('candidate')] } }),
    },
    workloads: workloadsOf(places),
    entries: issuedIn(settings).map((caller) => ({
      spiffeId: drawnCallers[caller]!.uris[0]!,
      selectors: [`unix:uid:${process.getuid!()}`],
    })),
    extAuthz: { verifyPeer, peerTrustDomains, ambiguousRequests, trustedHops },
    log: { level: 'error' },
  };
}

const workloadsOf = (places: World['drawn']['places']) =>
  places.flatMap(({ name, labels }) =>
    labels === undefined ? [] : [{ namespace: name, serviceAccount: 'details', labels }],
  );

/** As the server has a workload of its configuration in its registry. */
const endpointOf = ({ namespace, serviceAccount, labels }: ReturnType<typeof workloadsOf>[number]): Endpoint => ({
  ...{ namespace, name: serviceAccount, serviceAccount, labels: Object.entries(labels) },
  ...{ addresses: [], ports: [], hostNetwork: false },
});

function modelOf(texts: World['texts'], { settings, places }: World['drawn']): PolicyModel {
  const { aliases, absence } = settings;
  const options = {
    ...{ trustDomain: 'cluster.local', trustDomainAliases: aliases },
    ...{ rootNamespace: 'istio-system', customProviders: {} },
  };
  const kindsOf = {
    policies: policyKinds,
    registry: registryKinds,
    site: siteKinds({ tags: {}, applicationSecurityGroups: {} }),
  };
  const files = (['policies', 'registry', 'site'] as const).flatMap((name) =>
    texts[name] === '' ? [] : [readPolicies(name, texts[name], { ...options, kinds: kindsOf[name] })],
  );
  const planes = planesOf(settings);
  const { model, findings } = loadPolicies(files, {
    ...{ generation: 1, absence, rootNamespace: 'istio-system', hops: [HOPS], ...(planes && { planes }) },
    endpoints: workloadsOf(places).map(endpointOf),
  });
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join('\n'));
  return model;
}
