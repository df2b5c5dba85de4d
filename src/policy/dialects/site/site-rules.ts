/**
 * Reads SiteRules, `site.gatehouse.dev/v1`: a firewall as a list of CIDR rules with priorities and a default.
 * @module
 */
import type { PolicyDocument } from '../../documents/document.ts';
import type { Reporter } from '../../documents/finding.ts';
import { ownerOf } from '../../documents/owner.ts';
import { listOf, object, type Shape, text } from '../../documents/shape.ts';
import { fieldOf, listAt, type MapValue, mapAt, textAt, textsAt, type Value } from '../../documents/value.ts';
import type { Expr } from '../../model.ts';
import type { Contribution, KindReader } from '../contribution.ts';
import { type LayerRule, stageOf } from './layer.ts';
import { portIn, protocols, readPorts, withPorts } from './ports.ts';
import { addressIn, type End, readRange } from './ranges.ts';

export const SITE_GROUP = 'site.gatehouse.dev';

const effect: Shape = { is: 'text', oneOf: ['allow', 'deny'] };
const numberOrText: Shape = { is: 'number', orText: true };

const ruleShape = object(
  {
    name: { is: 'text', min: 1, max: 80 },
    priority: { is: 'number' },
    action: effect,
    from: listOf(text),
    to: listOf(text),
    protocols: listOf(numberOrText),
    ports: listOf(numberOrText),
    sourcePorts: listOf(numberOrText),
  },
  ['name', 'priority', 'action'],
);

/** Reader of SiteRules. */
export const siteRulesReader: KindReader = {
  dialect: 'site',
  group: SITE_GROUP,
  kind: 'SiteRules',
  versions: ['v1'],
  namespaced: false,
  isUnkept: true,
  fields: { spec: object({ rules: listOf(ruleShape), default: effect }, ['rules', 'default']) },
  read: readSiteRules,
};

function readSiteRules(document: PolicyDocument, _options: unknown, report: Reporter): Contribution | undefined {
  const spec = mapAt(document.root, 'spec');
  if (spec === undefined) {
    report.error(
      document.place,
      'field-missing',
      'spec',
      'the document has no spec',
      'add spec, with rules and default',
    );
    return undefined;
  }
  const written = listAt(spec, 'rules')?.items ?? [];
  const rules = written.flatMap((rule, i) => (rule.is === 'map' ? [readRule(rule, i, document, report)] : []));
  reportTwins(written, report);
  const last = fieldOf(spec, 'default') ?? spec;
  const otherwise: LayerRule = {
    index: written.length,
    position: { file: document.file, line: last.line, column: last.column },
    priority: Infinity,
    effect: textAt(spec, 'default') === 'allow' ? 'allow' : 'deny',
    holds: { op: 'all', of: [] },
    isDefault: true,
  };
  const { kind, name, file, place } = document;
  const stage = stageOf({
    name: `${kind} ${name}`,
    ref: { dialect: 'site', kind, namespace: '', name },
    position: { file, ...place },
    owner: ownerOf(document),
    rules: [...rules, otherwise],
  });
  return { to: 'site', stages: [stage] };
}

/** Two rules of one priority have no order, and two of one name nobody can tell apart. */
function reportTwins(rules: readonly Value[], report: Reporter): void {
  const [priorities, names] = [new Map<number, number>(), new Map<string, number>()];
  for (const [i, rule] of rules.entries()) {
    const priority = fieldOf(rule, 'priority');
    if (priority?.is === 'number') {
      const before = priorities.get(Number(priority.text));
      if (before !== undefined)
        report.error(
          priority,
          'priority-repeated',
          `spec.rules[${i}].priority`,
          `rules ${before} and ${i} have one priority: none comes first`,
          'give each rule a priority of its own',
        );
      priorities.set(Number(priority.text), i);
    }
    const name = fieldOf(rule, 'name');
    if (name?.is !== 'text') continue;
    const before = names.get(name.text);
    if (before !== undefined)
      report.error(
        name,
        'name-repeated',
        `spec.rules[${i}].name`,
        `rules ${before} and ${i} are both called ${JSON.stringify(name.text)}`,
        'rename one of them',
      );
    names.set(name.text, i);
  }
}

function readRule(rule: MapValue, index: number, { file }: PolicyDocument, report: Reporter): LayerRule {
  const path = `spec.rules[${index}]`;
  for (const field of ['from', 'to', 'protocols', 'ports', 'sourcePorts']) {
    const list = listAt(rule, field);
    if (list?.items.length === 0)
      report.error(list, 'too-few', `${path}.${field}`, `${field} is empty, and so means nothing`, 'leave it out: any');
  }
  const priority = fieldOf(rule, 'priority');
  const { line, column } = rule;
  return {
    index,
    position: { file, line, column },
    priority: priority?.is === 'number' ? Number(priority.text) : 0,
    effect: textAt(rule, 'action') === 'allow' ? 'allow' : 'deny',
    holds: {
      op: 'all',
      of: [
        ...addresses(rule, 'from', 'source', path, report),
        ...addresses(rule, 'to', 'destination', path, report),
        ...protocolsAndPorts(rule, path, report),
      ],
    },
  };
}

function addresses(rule: MapValue, field: 'from' | 'to', end: End, path: string, report: Reporter): Expr[] {
  if (listAt(rule, field) === undefined) return [];
  const any = textsAt(rule, field).flatMap((value, i) => {
    const at = `${path}.${field}[${i}]`;
    const range = readRange(value, at, report);
    if (range !== undefined) return [range];
    const message = `${JSON.stringify(value.text)} is no address and no range`;
    report.error(value, 'net-invalid', at, message, 'write address/bits, e.g. 10.0.0.0/8 or fd00::/16');
    return [];
  });
  return [addressIn(end, any)];
}

function protocolsAndPorts(rule: MapValue, path: string, report: Reporter): readonly Expr[] {
  const written = listAt(rule, 'protocols')?.items;
  const any = (written ?? []).flatMap((value, i) => {
    const number = protocolOf(value);
    if (number !== undefined) return [number];
    const fix = `write one of ${[...protocols.keys()].join(', ')}, or a number from 0 to 255`;
    report.error(value, 'protocol-unknown', `${path}.protocols[${i}]`, 'there is no such protocol', fix);
    return [];
  });
  for (const field of ['ports', 'sourcePorts']) {
    const ports = fieldOf(rule, field);
    const bare = written !== undefined && any.some((number) => !withPorts.has(number));
    if (ports !== undefined && bare)
      report.error(
        ports,
        'ports-need-protocol',
        `${path}.${field}`,
        'not all of these protocols have ports',
        'write two rules: TCP, UDP or SCTP with ports, the others without',
      );
  }
  return [
    ...(written === undefined ? [] : [{ op: 'protocol', any } as const]),
    ...ports(rule, 'ports', 'destinationPort', path, report),
    ...ports(rule, 'sourcePorts', 'sourcePort', path, report),
  ];
}

function protocolOf(value: Value): number | undefined {
  if (value.is === 'text') return protocols.get(value.text.toUpperCase());
  const number = value.is === 'number' && /^\d{1,3}$/.test(value.text) ? Number(value.text) : 256;
  return number <= 255 ? number : undefined;
}

function ports(
  rule: MapValue,
  field: string,
  fact: 'sourcePort' | 'destinationPort',
  path: string,
  report: Reporter,
): readonly Expr[] {
  const written = listAt(rule, field)?.items;
  if (written === undefined) return [];
  const any = written.flatMap((value, i) => {
    const range = readPorts(value);
    if (range !== undefined) return [range];
    const message = 'this is no port and no range of ports within 0 to 65535';
    report.error(value, 'port-invalid', `${path}.${field}[${i}]`, message, 'write 443, or 8000-8080');
    return [];
  });
  return portIn(fact, any);
}
