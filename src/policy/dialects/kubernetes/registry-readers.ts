/**
 * Readers of the Kubernetes documents that make up the registry: what `kubectl get -o yaml` prints.
 * @module
 */
import { parseIp } from '../../../lib/ip-address.ts';
import type { PolicyDocument } from '../../documents/document.ts';
import type { Reporter } from '../../documents/finding.ts';
import { ownerOf } from '../../documents/owner.ts';
import { anything } from '../../documents/shape.ts';
import { fieldOf, listAt, type MapValue, mapAt, textAt, type Value } from '../../documents/value.ts';
import type { LabelPairs, NamedPort } from '../../registry/registry.ts';
import type { Contribution, KindReader } from '../contribution.ts';
import { createKindTable } from '../kind-table.ts';

/** Fields that policy does not use. */
const fields = {
  spec: anything,
  status: anything,
  data: anything,
  secrets: anything,
  imagePullSecrets: anything,
  automountServiceAccountToken: anything,
};

type Read = (document: PolicyDocument, report: Reporter) => Contribution | undefined;

const reader = (group: string, kind: string, namespaced: boolean, read: Read): KindReader => ({
  dialect: 'kubernetes',
  group,
  kind,
  versions: ['v1'],
  namespaced,
  fields,
  read: (document, _options, report) => read(document, report),
});

/** Pods and what makes them, and the Services before them. */
export const registryKinds = createKindTable(
  [
    reader('', 'Namespace', false, (document) => ({
      to: 'namespace',
      namespace: { name: document.name, labels: [...document.labels], owner: ownerOf(document) },
    })),
    reader('', 'ServiceAccount', true, ({ namespace, name, labels }) => ({
      to: 'service-account',
      account: { namespace, name, labels: [...labels] },
    })),
    reader('', 'Pod', true, readPod),
    ...['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet'].map((kind) => reader('apps', kind, true, readTemplate)),
    reader('batch', 'Job', true, readJob),
    reader('', 'Service', true, readService),
  ],
  new Map(),
);

function readPod(document: PolicyDocument, report: Reporter): Contribution | undefined {
  const status = mapAt(document.root, 'status');
  const phase = textAt(status, 'phase');
  // The addresses of a pod that has ended may belong to another one already.
  if (phase === 'Succeeded' || phase === 'Failed') return undefined;
  const forged = [...document.labels.keys()].find((key) => /^pc(ns|sa)\./.test(key));
  if (forged !== undefined) {
    const message = `label ${forged} stands where Calico looks for labels of the namespace or the service account, and wins over them`;
    report.warning(document.place, 'label-inherited', 'metadata.labels', message, 'rename the label');
  }
  return endpoint(document, document.labels, mapAt(document.root, 'spec'), addressesOf(status, report));
}

/** The endpoints of a Service without selector are not derived from pods: nothing is known of it here. */
function readService(document: PolicyDocument): Contribution | undefined {
  const spec = mapAt(document.root, 'spec');
  const selector = pairsAt(spec, 'selector');
  if (selector.length === 0) return undefined;
  const ports = (listAt(spec, 'ports')?.items ?? []).map((port) => {
    const target = portText(fieldOf(port, 'targetPort'));
    const protocol = textAt(port, 'protocol');
    return {
      target: target === '' || target === '0' ? portText(fieldOf(port, 'port')) : target,
      protocol: protocol === 'UDP' || protocol === 'SCTP' ? protocol : 'TCP',
    } as const;
  });
  const { namespace, name } = document;
  return { to: 'service', service: { namespace, name, selector, ports } };
}

const portText = (value: Value | undefined): string =>
  value?.is === 'number' || value?.is === 'text' ? value.text : '';

function pairsAt(value: MapValue | undefined, field: string): LabelPairs {
  return [...(mapAt(value, field)?.entries ?? [])].flatMap(([key, { value: text }]) =>
    text.is === 'text' ? [[key, text.text] as const] : [],
  );
}

/** A workload that has no pod yet, or whose pods are not told: known by its template. */
function readTemplate(document: PolicyDocument): Contribution {
  const template = mapAt(mapAt(document.root, 'spec'), 'template');
  return endpoint(document, templateLabels(template), mapAt(template, 'spec'), []);
}

/** The API server puts the Job's name on its template, unless the Job brings a selector of its own. */
function readJob(document: PolicyDocument): Contribution {
  const spec = mapAt(document.root, 'spec');
  const template = mapAt(spec, 'template');
  const labels = templateLabels(template);
  const manual = fieldOf(spec, 'manualSelector');
  if (!(manual?.is === 'boolean' && manual.value))
    for (const key of ['job-name', 'batch.kubernetes.io/job-name']) {
      if (!labels.has(key)) labels.set(key, document.name);
    }
  return endpoint(document, labels, mapAt(template, 'spec'), []);
}

const templateLabels = (template: MapValue | undefined): Map<string, string> =>
  new Map(pairsAt(mapAt(template, 'metadata'), 'labels'));

function endpoint(
  { namespace, name, file, place }: PolicyDocument,
  labels: ReadonlyMap<string, string>,
  spec: MapValue | undefined,
  addresses: readonly string[],
): Contribution {
  const hostNetwork = fieldOf(spec, 'hostNetwork');
  const pairs: LabelPairs = [...labels];
  return {
    to: 'endpoint',
    endpoint: {
      namespace,
      name,
      serviceAccount: textAt(spec, 'serviceAccountName') || textAt(spec, 'serviceAccount') || 'default',
      labels: pairs,
      addresses,
      ports: portsOf(spec),
      hostNetwork: hostNetwork?.is === 'boolean' && hostNetwork.value,
      position: { file, line: place.line, column: place.column },
    },
  };
}

/** As the API server reads them: `podIP` is the first of `podIPs`, and wins where it is not. */
function addressesOf(status: MapValue | undefined, report: Reporter): string[] {
  const listed = (listAt(status, 'podIPs')?.items ?? []).flatMap((item) => fieldOf(item, 'ip') ?? []);
  const single = fieldOf(status, 'podIP');
  const isTold = single !== undefined && single.is !== 'null' && !(single.is === 'text' && single.text === '');
  const written: Value[] = isTold && textOf(single) !== textOf(listed[0]) ? [single] : listed;
  return written.flatMap((value) => {
    if (value.is === 'text' && parseIp(value.text) !== undefined) return [value.text];
    report.error(
      value,
      'address-invalid',
      'status.podIPs',
      'a pod address that is no IP address',
      'write e.g. 10.0.0.7',
    );
    return [];
  });
}

const textOf = (value: Value | undefined): string | undefined => (value?.is === 'text' ? value.text : undefined);

function portsOf(spec: MapValue | undefined): NamedPort[] {
  return (listAt(spec, 'containers')?.items ?? []).flatMap((container) =>
    (listAt(container, 'ports')?.items ?? []).flatMap((port): NamedPort[] => {
      const number = fieldOf(port, 'containerPort');
      const name = textAt(port, 'name');
      const protocol = textAt(port, 'protocol') || 'TCP';
      if (
        name === undefined ||
        number?.is !== 'number' ||
        (protocol !== 'TCP' && protocol !== 'UDP' && protocol !== 'SCTP')
      )
        return [];
      return [{ name, port: Number(number.text), protocol }];
    }),
  );
}
