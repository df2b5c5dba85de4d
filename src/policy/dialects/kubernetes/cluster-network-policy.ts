/**
 * ClusterNetworkPolicy (policy.networking.k8s.io/v1alpha2), and AdminNetworkPolicy and BaselineAdminNetworkPolicy (v1alpha1) as they
 * were before: ordered rules of the cluster's administrators, before (Admin) and after (Baseline) everybody else's.
 * @module
 */
import type { PolicyDocument } from '../../documents/document.ts';
import { type Reporter, silentReporter } from '../../documents/finding.ts';
import { ownerOf } from '../../documents/owner.ts';
import { fieldOf, listAt, type MapValue, mapAt, textAt, textsAt, type Value } from '../../documents/value.ts';
import { type LabelExpr, withKeyPrefix } from '../../meaning/labels.ts';
import type { Expr } from '../../model.ts';
import { readNet } from '../calico/entity.ts';
import { lintTieredRules } from '../calico/lint-policy.ts';
import { protocolNumber } from '../calico/protocol.ts';
import { allOf, type TieredPolicy, type TieredRule } from '../calico/tiered-policy.ts';
import type { Contribution, KindReader } from '../contribution.ts';
import { type Form, forms, specShape } from './cluster-network-forms.ts';
import { readLabelSelector } from './label-selector.ts';

const NAMESPACE = 'projectcalico.org/namespace';
const isPod: LabelExpr = { op: 'in', key: 'projectcalico.org/orchestrator', values: ['k8s'] };

/** Readers of ClusterNetworkPolicy and of the kinds that it came from. */
export const clusterNetworkPolicyReaders: readonly KindReader[] = forms.map((form) => ({
  dialect: 'kubernetes',
  group: 'policy.networking.k8s.io',
  kind: form.kind,
  versions: [form.version],
  namespaced: false,
  fields: { spec: specShape(form) },
  read: (document, _options, report) => read(document, form, report),
}));

function read(document: PolicyDocument, form: Form, report: Reporter): Contribution {
  const spec = mapAt(document.root, 'spec');
  const order = fieldOf(spec, 'priority');
  const written = order?.is === 'number' ? Number(order.text) : 0;
  if (order !== undefined && !(written >= 0 && written <= 1000))
    report.error(
      order,
      'priority-range',
      'spec.priority',
      `priority ${written} is not within 0 to 1000`,
      'write 0 (first) to 1000 (last)',
    );
  if (form.kind === 'BaselineAdminNetworkPolicy' && document.name !== 'default')
    report.error(
      document.place,
      'baseline-name',
      'metadata.name',
      'the only BaselineAdminNetworkPolicy is called default',
      'rename it to default',
    );
  const rules = (direction: 'ingress' | 'egress'): TieredRule[] =>
    (listAt(spec, direction)?.items ?? []).flatMap((rule, i) =>
      rule.is === 'map' ? readRule(rule, i, direction, form, document, report) : [],
    );
  const policy: TieredPolicy = {
    ref: { dialect: 'kubernetes', kind: document.kind, namespace: '', name: document.name },
    position: { file: document.file, ...document.place },
    owner: ownerOf(document),
    tier: form.tierOf(spec),
    order: written,
    sortKey: `${document.name}//${document.kind}`,
    staged: false,
    origin: 'kubernetes',
    subject: { namespace: undefined, labels: [], selector: subjectOf(mapAt(spec, 'subject'), report) },
    ingress: listAt(spec, 'ingress') === undefined ? undefined : rules('ingress'),
    egress: listAt(spec, 'egress') === undefined ? undefined : rules('egress'),
  };
  lintTieredRules(policy, true, report);
  return { to: 'tiers', policy };
}

function subjectOf(subject: MapValue | undefined, report: Reporter): LabelExpr {
  const chosen = ['namespaces', 'pods'].filter((field) => fieldOf(subject, field) !== undefined);
  if (subject !== undefined && chosen.length !== 1)
    report.error(
      subject,
      'subject-form',
      'spec.subject',
      'a subject is either namespaces or pods',
      'write one of the two',
    );
  return { op: 'all', of: [isPod, ...podParts(subject, 'spec.subject', report)] };
}

/** Conditions on the effective labels of pods that `namespaces` or `pods` chooses. */
function podParts(chooser: MapValue | undefined, path: string, report: Reporter): LabelExpr[] {
  const pods = mapAt(chooser, 'pods');
  const namespaces = mapAt(chooser, 'namespaces') ?? mapAt(pods, 'namespaceSelector');
  const selector = mapAt(pods, 'podSelector');
  return [
    { op: 'has', key: NAMESPACE },
    ...(namespaces === undefined
      ? []
      : [withKeyPrefix(readLabelSelector(namespaces, `${path}.namespaces`, report), 'pcns.')]),
    ...(selector === undefined ? [] : [readLabelSelector(selector, `${path}.pods.podSelector`, report)]),
  ];
}

/** What cannot be said here must not open anything: a rule that denies or passes then denies everybody, one that allows is dropped. */
type Said = { readonly check: Expr; readonly network: Expr } | 'unsayable';

function readRule(
  rule: MapValue,
  index: number,
  direction: 'ingress' | 'egress',
  form: Form,
  document: PolicyDocument,
  report: Reporter,
): TieredRule[] {
  const path = `spec.${direction}[${index}]`;
  const field = direction === 'ingress' ? 'from' : 'to';
  const end = direction === 'ingress' ? 'source' : 'destination';
  const effect = form.actions.get(textAt(rule, 'action') ?? '') ?? 'deny';
  const peers = (listAt(rule, field)?.items ?? []).map((peer, i) =>
    readPeer(peer, end, `${path}.${field}[${i}]`, report),
  );
  const ports = listAt(rule, form.portsField)?.items ?? [];
  const portsSaid = ports.map((port, i) => readPort(port, `${path}.${form.portsField}[${i}]`, report));
  const position = { file: document.file, line: rule.line, column: rule.column };
  const known = (said: readonly Said[]) => said.filter((one) => one !== 'unsayable');
  if ([...peers, ...portsSaid].includes('unsayable') && effect !== 'allow') {
    return [{ index, position, effect: 'deny', check: allOf([]), network: allOf([]), http: undefined }];
  }
  const view = (name: 'check' | 'network'): Expr =>
    allOf([
      { op: 'any', of: known(peers).map((one) => one[name]) },
      ...(ports.length === 0 ? [] : [{ op: 'any', of: known(portsSaid).map((one) => one[name]) } as const]),
    ]);
  return [{ index, position, effect, check: view('check'), network: view('network'), http: undefined }];
}

function readPeer(peer: Value, end: 'source' | 'destination', path: string, report: Reporter): Said {
  const map = peer.is === 'map' ? peer : undefined;
  const given = ['namespaces', 'pods', 'nodes', 'networks', 'domainNames'].filter(
    (field) => fieldOf(map, field) !== undefined,
  );
  const [only] = given;
  if (only === undefined || given.length > 1) {
    report.error(
      peer,
      'peer-form',
      path,
      'a peer is exactly one of namespaces, pods, networks, nodes, domainNames',
      'write one of them, and one peer for each',
    );
    return 'unsayable';
  }
  if (only === 'nodes' || only === 'domainNames') {
    report.warning(
      peer,
      'peer-unsupported',
      path,
      `${only} are not known here: a rule that denies or passes denies everybody, one that accepts accepts nobody`,
      'use networks or pods',
    );
    return 'unsayable';
  }
  if (only === 'networks') {
    const any = textsAt(map, 'networks').flatMap((value, i) => {
      const net = readNet(value.text);
      if (typeof net !== 'string') return [net];
      report.error(
        value,
        'net-invalid',
        `${path}.networks[${i}]`,
        `${JSON.stringify(value.text)} ${net}`,
        'write address/bits',
      );
      return [];
    });
    const nets: Expr = { op: 'address', fact: end, any, unmap: true };
    return { check: nets, network: nets };
  }
  const parts = podParts(map, path, report);
  // Calico converts `namespaces` to a selector that network sets of these namespaces satisfy as well.
  const set = (byHops: boolean): Expr => ({
    op: 'endpoint',
    end,
    selector: { op: 'all', of: [...(only === 'pods' ? [isPod] : []), ...parts] },
    byHops,
  });
  const namespaces = mapAt(map, 'namespaces') ?? mapAt(mapAt(map, 'pods'), 'namespaceSelector');
  const namespace: LabelExpr =
    namespaces === undefined ? { op: 'all', of: [] } : readLabelSelector(namespaces, path, silentReporter);
  return { check: allOf([set(false), { op: 'identity', end, namespace }]), network: set(true) };
}

function readPort(port: Value, path: string, report: Reporter): Said {
  const named = textAt(port, 'destinationNamedPort') ?? textAt(port, 'namedPort');
  if (named !== undefined)
    return { check: { op: 'any', of: [] }, network: { op: 'namedPort', end: 'destination', name: named } };
  const old = mapAt(port, 'portNumber') ?? mapAt(port, 'portRange');
  const transport = ['tcp', 'udp', 'sctp'].find((name) => fieldOf(port, name) !== undefined);
  const protocol =
    old === undefined
      ? protocolNumber(asText(transport?.toUpperCase()))
      : (protocolNumber(fieldOf(old, 'protocol')) ?? 6);
  if (protocol === undefined) {
    report.error(
      port,
      'port-form',
      path,
      'this names no protocol and no port',
      'write e.g. tcp: { destinationPort: { number: 443 } }',
    );
    return 'unsayable';
  }
  const written = old ?? mapAt(transport === undefined ? undefined : mapAt(port, transport), 'destinationPort');
  const ofProtocol: Expr = { op: 'protocol', any: [protocol] };
  if (written === undefined) return { check: ofProtocol, network: ofProtocol };
  const range = mapAt(written, 'range') ?? written;
  const number = fieldOf(written, 'number') ?? fieldOf(written, 'port');
  const from = numberOf(number ?? fieldOf(range, 'start'));
  const to = numberOf(number ?? fieldOf(range, 'end'));
  if (!(from >= 1 && from <= to && to <= 65535)) {
    report.error(
      written,
      'port-invalid',
      path,
      `ports ${from} to ${to} are no range within 1 to 65535`,
      from > to ? 'write the smaller port first' : 'write ports from 1 to 65535',
    );
    return 'unsayable';
  }
  const both = allOf([ofProtocol, { op: 'port', fact: 'destinationPort', any: [{ from, to }] }]);
  return { check: both, network: both };
}

const numberOf = (value: Value | undefined): number => (value?.is === 'number' ? Number(value.text) : Number.NaN);

const asText = (text: string | undefined): Value | undefined =>
  text === undefined ? undefined : { is: 'text', text, line: 0, column: 0, size: 1 };
