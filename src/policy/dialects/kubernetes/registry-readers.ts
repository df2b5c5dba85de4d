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
import type { Contribution, KindReader } from '../contribution.ts';
import { createKindTable } from '../kind-table.ts';
import { readSlice, sliceFields } from './endpoint-slice.ts';
import { checkPortName, endpointOf, labelsAt, type Template, templateLabels } from './pod-template.ts';

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

/** What the API server asks of the names of a kind beyond a DNS subdomain. */
type Names = Pick<KindReader, 'nameForm' | 'mostNameCharacters'>;

const dnsLabel: Names = { nameForm: 'dns-label' };

const reader = (group: string, kind: string, namespaced: boolean, read: Read, names: Names = {}): KindReader => ({
  dialect: 'kubernetes',
  group,
  kind,
  versions: kind === 'CronJob' ? ['v1', 'v1beta1'] : ['v1'],
  namespaced,
  generated: true,
  ...names,
  fields,
  read: (document, _options, report) => read(document, report),
});

/** Pods and what makes them, and the Services before them. */
export const registryKinds = createKindTable(
  [
    reader('', 'Namespace', false, readNamespace, dnsLabel),
    reader('', 'ServiceAccount', true, ({ namespace, name, labels }) => ({
      to: 'service-account',
      account: { namespace, name, labels: [...labels] },
    })),
    reader('', 'Pod', true, readPod),
    reader('', 'ReplicationController', true, readTemplate),
    reader('apps', 'StatefulSet', true, readTemplate, dnsLabel),
    ...['Deployment', 'DaemonSet', 'ReplicaSet'].map((kind) => reader('apps', kind, true, readTemplate)),
    reader('batch', 'Job', true, readJob),
    reader('batch', 'CronJob', true, readCronJob, { mostNameCharacters: 52 }),
    reader('', 'Service', true, readService, dnsLabel),
    { ...reader('discovery.k8s.io', 'EndpointSlice', true, readSlice), fields: sliceFields },
  ],
  new Map(),
);

function readNamespace(document: PolicyDocument): Contribution {
  const { name, labels } = document;
  return { to: 'namespace', namespace: { name, labels: [...labels], owner: ownerOf(document) } };
}

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
  const pod = { spec: mapAt(document.root, 'spec'), specPath: 'spec' };
  return endpointOf(document, document.labels, pod, addressesOf(status, report), report);
}

/** The endpoints of a Service without selector are not derived from pods: its slices tell them. */
function readService(document: PolicyDocument, report: Reporter): Contribution {
  const spec = mapAt(document.root, 'spec');
  const selector = labelsAt(spec, 'selector', 'spec.selector', report);
  const ports = (listAt(spec, 'ports')?.items ?? []).map((port, i) => {
    const written = fieldOf(port, 'targetPort');
    if (written?.is === 'text' && written.text !== '')
      checkPortName(written, written.text, `spec.ports[${i}].targetPort`, report);
    const target = portText(written);
    const own = portText(fieldOf(port, 'port'));
    const protocol = textAt(port, 'protocol');
    return {
      target: target === '' || target === '0' ? own : target,
      own: Number(own),
      protocol: protocol === 'UDP' || protocol === 'SCTP' ? protocol : 'TCP',
    } as const;
  });
  const { namespace, name } = document;
  return { to: 'service', service: { namespace, name, selector, ports } };
}

const portText = (value: Value | undefined): string =>
  value?.is === 'number' || value?.is === 'text' ? value.text : '';

/** A workload that has no pod yet, or whose pods are not told: known by its template. */
function readTemplate(document: PolicyDocument, report: Reporter): Contribution {
  const template = { value: mapAt(mapAt(document.root, 'spec'), 'template'), path: 'spec.template' };
  return ofTemplate(document, template, templateLabels(template, report), report);
}

function ofTemplate(
  document: PolicyDocument,
  { value, path }: Template,
  labels: ReadonlyMap<string, string>,
  report: Reporter,
): Contribution {
  return endpointOf(document, labels, { spec: mapAt(value, 'spec'), specPath: `${path}.spec` }, [], report);
}

/** The API server puts the Job's name on its template, unless the Job brings a selector of its own. */
function readJob(document: PolicyDocument, report: Reporter): Contribution {
  const spec = mapAt(document.root, 'spec');
  const template = { value: mapAt(spec, 'template'), path: 'spec.template' };
  const labels = templateLabels(template, report);
  const manual = fieldOf(spec, 'manualSelector');
  if (!(manual?.is === 'boolean' && manual.value))
    for (const key of ['job-name', 'batch.kubernetes.io/job-name']) {
      if (!labels.has(key)) labels.set(key, document.name);
    }
  return ofTemplate(document, template, labels, report);
}

/** The names of its Jobs, which their pods have as labels, are not known before they run. */
function readCronJob(document: PolicyDocument, report: Reporter): Contribution {
  const job = mapAt(mapAt(document.root, 'spec'), 'jobTemplate');
  const template = { value: mapAt(mapAt(job, 'spec'), 'template'), path: 'spec.jobTemplate.spec.template' };
  return ofTemplate(document, template, templateLabels(template, report), report);
}

/** As the API server reads them: `podIP` is the first of `podIPs`, and wins where it is not. */
function addressesOf(status: MapValue | undefined, report: Reporter): string[] {
  const listed = (listAt(status, 'podIPs')?.items ?? []).flatMap((item) => fieldOf(item, 'ip') ?? []);
  const single = fieldOf(status, 'podIP');
  const isTold = single !== undefined && !(single.is === 'text' && single.text === '');
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
