/**
 * One end of a rule (EntityRule) → conditions on address, port and principal.
 * @module
 */
import { hasHostBits, parseCidr } from '../../../lib/ip-address.ts';
import { warnOfEmptyLists } from '../../documents/empty-lists.ts';
import type { Reporter } from '../../documents/finding.ts';
import { listOf, object, type Shape, text } from '../../documents/shape.ts';
import { fieldOf, type MapValue, mapAt, textAt, textsAt, type Value } from '../../documents/value.ts';
import { type LabelExpr, withKeyPrefix } from '../../meaning/labels.ts';
import type { Cidr, Expr } from '../../model.ts';
import { serviceKey } from '../../registry/registry.ts';
import type { End, EntityConditions } from './entity-conditions.ts';
import { portsOf } from './ports.ts';
import { type ReadSelector, readSelector } from './read-selector.ts';
import { allOf } from './tiered-policy.ts';

const NAMESPACE = 'projectcalico.org/namespace';
const SERVICE_ACCOUNT = 'projectcalico.org/serviceaccount';

const portShape: Shape = { is: 'number', orText: true };

/** The shape of an EntityRule: `source` or `destination` of a Calico rule. */
export const entityShape: Shape = object({
  nets: listOf(text, 256),
  notNets: listOf(text, 256),
  selector: text,
  notSelector: text,
  namespaceSelector: text,
  services: object({ name: text, namespace: text }, ['name']),
  ports: listOf(portShape, 50),
  notPorts: listOf(portShape, 50),
  serviceAccounts: object({ names: listOf(text), selector: text }),
});

interface EntityContext {
  readonly end: End;
  readonly direction: 'ingress' | 'egress';
  readonly path: string;
  /** The policy's namespace; undefined for a global policy. */
  readonly namespace: string | undefined;
  readonly report: Reporter;
}

/** Reads one end. Undefined `value`: every peer. */
export function readEntity(value: MapValue | undefined, context: EntityContext): EntityConditions {
  if (value === undefined) return { check: allOf([]), network: allOf([]) };
  warnOfEmptyLists(value, ['nets', 'notNets', 'ports', 'notPorts'], context.path, context.report);
  warnOfEmptyLists(mapAt(value, 'serviceAccounts'), ['names'], `${context.path}.serviceAccounts`, context.report);
  const selectors = readSelectors(value, context);
  const service = readService(value, context);
  const sets = endpointConditions(selectors, context);
  const nets = netConditions(value, context);
  const ports = portsOf(value, context.end, context.path, context.report);
  const identity = identityCondition(selectors, context);
  const places = (byHops: boolean): Expr[] => [...sets(byHops), ...nets, ...service];
  return {
    // Calico's checker knows no named ports.
    check: allOf([...places(false), ...identity, ...ports.check]),
    network: allOf([...places(true), ...ports.network]),
  };
}

interface Selectors {
  readonly selector: ReadSelector | undefined;
  readonly notSelector: ReadSelector | undefined;
  readonly namespaces: ReadSelector | undefined;
  readonly accounts: ReadSelector | undefined;
  readonly accountNames: readonly string[];
  /** The namespace that the rule's selectors are kept to because it names none. */
  readonly ownNamespace: string | undefined;
}

function readSelectors(value: MapValue, { path, namespace, report }: EntityContext): Selectors {
  const accounts = mapAt(value, 'serviceAccounts');
  const accountNames = textsAt(accounts, 'names').map((name) => name.text);
  const named =
    ['selector', 'notSelector'].some((field) => isWritten(value, field)) ||
    accountNames.length > 0 ||
    isWritten(accounts, 'selector');
  const namespaces = readSelector(
    fieldOf(value, 'namespaceSelector'),
    `${path}.namespaceSelector`,
    report,
    'global-allowed',
  );
  return {
    selector: readSelector(fieldOf(value, 'selector'), `${path}.selector`, report),
    notSelector: readSelector(fieldOf(value, 'notSelector'), `${path}.notSelector`, report),
    namespaces,
    accounts: readSelector(fieldOf(accounts, 'selector'), `${path}.serviceAccounts.selector`, report),
    accountNames,
    ownNamespace: namespaces === undefined && named ? namespace : undefined,
  };
}

/** The IP sets of the rule; `byHops`: whether the network asks. */
function endpointConditions(selectors: Selectors, { end }: EntityContext): (byHops: boolean) => Expr[] {
  const { selector, notSelector, namespaces, accounts, accountNames, ownNamespace } = selectors;
  const parts: LabelExpr[] = [];
  if (selector !== undefined) parts.push(selector.expr);
  if (ownNamespace !== undefined) parts.push({ op: 'in', key: NAMESPACE, values: [ownNamespace] });
  if (namespaces !== undefined) parts.push(ofNamespaces(namespaces.expr, namespaces.global));
  if (accountNames.length > 0) parts.push({ op: 'in', key: SERVICE_ACCOUNT, values: accountNames });
  if (accounts !== undefined) parts.push(withKeyPrefix(accounts.expr, 'pcsa.'));
  return (byHops) => {
    const set = (expr: LabelExpr): Expr => ({ op: 'endpoint', end, selector: expr, byHops });
    const out: Expr[] = [];
    if (parts.length > 0) out.push(set(parts.length === 1 ? parts[0]! : { op: 'all', of: parts }));
    if (notSelector !== undefined) out.push({ op: 'not', of: set(notSelector.expr) });
    return out;
  };
}

const isWritten = (value: MapValue | undefined, field: string): boolean => (textAt(value, field) ?? '') !== '';

/**
 * A namespace selector as a condition on effective labels. Calico only puts the prefix before its keys: what lives in no namespace
 * lacks every one of them, and so satisfies `env != 'prod'`. `all()` alone asks for a namespace, `global()` for none.
 */
function ofNamespaces(expr: LabelExpr, global = false): LabelExpr {
  if (expr.op === 'not') return { op: 'not', of: ofNamespaces(expr.of, global) };
  if (expr.op !== 'all' && expr.op !== 'any') return withKeyPrefix(expr, 'pcns.');
  if (expr.of.length > 0) return { op: expr.op, of: expr.of.map((part) => ofNamespaces(part, global)) };
  const inNamespace: LabelExpr = { op: 'has', key: NAMESPACE };
  return global ? { op: 'not', of: inNamespace } : inNamespace;
}

/** What the principal must say, besides the address. */
function identityCondition(selectors: Selectors, { end }: EntityContext): Expr[] {
  const { namespaces, accounts, accountNames, ownNamespace } = selectors;
  const asksNamespace = ownNamespace !== undefined || (namespaces !== undefined && !namespaces.global);
  if (!asksNamespace && accountNames.length === 0 && accounts === undefined) return [];
  return [
    {
      op: 'identity',
      end,
      ...(ownNamespace === undefined ? {} : { ownNamespace }),
      ...(namespaces === undefined || namespaces.global ? {} : { namespace: namespaces.expr }),
      ...(accountNames.length === 0 ? {} : { names: accountNames }),
      ...(accounts === undefined ? {} : { serviceAccount: accounts.expr }),
    },
  ];
}

function netConditions(value: MapValue, { end, path, report }: EntityContext): Expr[] {
  const read = (field: 'nets' | 'notNets'): Cidr[] =>
    textsAt(value, field).flatMap((net, i) => {
      const cidr = readNet(net.text);
      if (typeof cidr !== 'string') return [cidr];
      report.error(
        net,
        'net-invalid',
        `${path}.${field}[${i}]`,
        `${JSON.stringify(net.text)} ${cidr}`,
        'write address/bits, e.g. 10.0.0.0/8 or fd00::/16',
      );
      return [];
    });
  const fact = end;
  const nets = read('nets');
  const notNets = read('notNets');
  for (const [i, net] of textsAt(value, 'notNets').entries()) {
    if (net.text.endsWith('/0')) {
      report.error(
        net,
        'not-net-of-all',
        `${path}.notNets[${i}]`,
        'excluding every address makes a rule that matches no traffic',
        'leave it out',
      );
    }
  }
  return [
    ...(nets.length > 0 ? [{ op: 'address', fact, any: nets, unmap: true } as const] : []),
    ...(notNets.length > 0 ? [{ op: 'not', of: { op: 'address', fact, any: notNets, unmap: true } } as const] : []),
  ];
}

/** A CIDR as Calico takes it, or what is wrong with it. */
export function readNet(text: string): Cidr | string {
  const range = parseCidr(text);
  if (range === undefined) return 'is not a CIDR';
  if (!text.includes('/')) return 'has no /bits';
  return hasHostBits(text) ? `has host bits set beyond /${range.bits}` : { text };
}

/** The pods behind a Service; as a destination, only at the ports that the Service sends to. */
function readService(value: MapValue, context: EntityContext): Expr[] {
  const services = mapAt(value, 'services');
  if (services === undefined) return [];
  checkService(value, services, context);
  const key = serviceKey(textAt(services, 'namespace') ?? context.namespace ?? '', textAt(services, 'name') ?? '');
  return context.end === 'destination'
    ? [{ op: 'namedPort', end: context.end, name: key }]
    : [{ op: 'endpoint', end: context.end, selector: { op: 'has', key }, byHops: false }];
}

function checkService(value: MapValue, services: MapValue, context: EntityContext): void {
  const { path, namespace, report, end, direction } = context;
  const others = ['selector', 'notSelector', 'namespaceSelector', 'nets', 'notNets', 'serviceAccounts'].filter(
    (field) => fieldOf(value, field) !== undefined,
  );
  for (const field of others) {
    const place: Value = fieldOf(value, field)!; // filtered
    report.error(
      place,
      'services-exclusive',
      `${path}.${field}`,
      `services and ${field} cannot stand in one rule`,
      'use one of them',
    );
  }
  if (namespace === undefined && textAt(services, 'namespace') === undefined) {
    report.error(
      services,
      'services-namespace',
      `${path}.services.namespace`,
      'in a global policy a service needs its namespace',
      'add namespace',
    );
  }
  if ((end === 'source') !== (direction === 'ingress')) {
    report.error(
      services,
      'services-side',
      `${path}.services`,
      `services may stand in the ${direction === 'ingress' ? 'source of an ingress' : 'destination of an egress'} rule only`,
      direction === 'ingress' ? 'name the caller, in source' : 'name the callee, in destination',
    );
  }
  for (const field of ['ports', 'notPorts'].filter(
    (each) => end === 'destination' && fieldOf(value, each) !== undefined,
  )) {
    report.error(
      fieldOf(value, field)!, // filtered
      'services-ports',
      `${path}.${field}`,
      `${field} cannot stand beside services: the Service says the ports`,
      'leave them out',
    );
  }
}
