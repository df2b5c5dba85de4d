/**
 * One ingress or egress rule of a Calico policy.
 * @module
 */

import { toByteString } from '../../../lib/byte-string.ts';
import type { FindingCode } from '../../documents/codes/finding-codes.ts';
import { warnOfEmptyLists } from '../../documents/empty-lists.ts';
import type { Reporter } from '../../documents/finding.ts';
import { anything, listOf, object, type Shape, text } from '../../documents/shape.ts';
import { fieldOf, listAt, type MapValue, mapAt, textAt, textsAt, type Value } from '../../documents/value.ts';
import { normalisePath } from '../../meaning/normal-path.ts';
import type { Effect, Expr } from '../../model.ts';
import { entityShape, readEntity } from './entity.ts';
import { lintHttp } from './lint-http.ts';
import { hasNumericPorts, hasPorts } from './ports.ts';
import { hasPortNumbers, protocolNames, protocolNumber } from './protocol.ts';
import { allOf, type HttpClause, type TieredRule } from './tiered-policy.ts';

const protocolShape: Shape = { is: 'number', orText: true };
const icmpShape: Shape = object({ type: { is: 'number' }, code: { is: 'number' } });

const icmpMost = [
  ['type', 254],
  ['code', 255],
] as const;

const effects: ReadonlyMap<string, Effect> = new Map(
  Object.entries<Effect>({ Allow: 'allow', Deny: 'deny', Pass: 'pass', Log: 'log' }),
);

/** The shape of a Rule in a Calico policy. */
export const ruleShape: Shape = object(
  {
    action: { is: 'text', oneOf: [...effects.keys()] },
    ipVersion: { is: 'number' },
    protocol: protocolShape,
    notProtocol: protocolShape,
    icmp: icmpShape,
    notICMP: icmpShape,
    source: entityShape,
    destination: entityShape,
    http: object({
      methods: listOf(text, 20),
      paths: listOf(object({ exact: { is: 'text', max: 1024 }, prefix: { is: 'text', max: 1024 } }), 20),
    }),
    metadata: object({ annotations: { is: 'map', of: anything } }),
  },
  ['action'],
);

export type Direction = 'ingress' | 'egress';

/** What the reader of a rule knows of its policy. */
export interface RuleContext {
  readonly file: string;
  readonly direction: Direction;
  /** The policy's namespace; undefined for a global policy. */
  readonly namespace: string | undefined;
  readonly report: Reporter;
}

/** Reads one rule. `path` names it, e.g. `spec.ingress[0]`. */
export function readRule(rule: MapValue, index: number, path: string, context: RuleContext): TieredRule {
  const { namespace, report } = context;
  const end = (name: 'source' | 'destination') =>
    readEntity(mapAt(rule, name), {
      end: name,
      direction: context.direction,
      path: `${path}.${name}`,
      namespace,
      report,
    });
  const source = end('source');
  const destination = end('destination');
  const protocols = protocolConditions(rule, path, report);
  checkPorts(rule, path, report);
  checkIcmp(rule, path, report);
  checkFamilies(rule, path, report);
  const http = readHttp(rule, path, context);
  return {
    index,
    position: { file: context.file, line: rule.line, column: rule.column },
    effect: effects.get(textAt(rule, 'action') ?? '') ?? 'deny',
    check: allOf([source.check, destination.check, ...protocols]),
    network: allOf([source.network, destination.network, ...protocols, ...familyCondition(rule)]),
    // Calico looks at the protocol after the path: what it refuses it refuses before.
    http: http && {
      holds: http.holds,
      refuses: http.refuses && allOf([source.check, destination.check, http.refuses]),
    },
  };
}

function protocolConditions(rule: MapValue, path: string, report: Reporter): Expr[] {
  const read = (field: string): readonly number[] => {
    const value = fieldOf(rule, field);
    if (value === undefined) return [];
    const number = protocolNumber(value);
    if (number !== undefined) return [number];
    if (value.is === 'text' || value.is === 'number') {
      report.error(
        value,
        'protocol-unknown',
        `${path}.${field}`,
        `${JSON.stringify(value.text)} is no protocol`,
        `write one of ${protocolNames.join(', ')}, or a number from 1 to 255`,
      );
    }
    return [];
  };
  const protocol = read('protocol');
  const notProtocol = read('notProtocol');
  return [
    ...(protocol.length > 0 ? [{ op: 'protocol', any: protocol } as const] : []),
    ...(notProtocol.length > 0 ? [{ op: 'not', of: { op: 'protocol', any: notProtocol } } as const] : []),
  ];
}

function checkPorts(rule: MapValue, path: string, report: Reporter): void {
  const protocol = fieldOf(rule, 'protocol');
  const ends = ['source', 'destination'] as const;
  if (hasPortNumbers(protocolNumber(protocol))) return;
  for (const name of ends) {
    const entity = mapAt(rule, name);
    if (!(protocol === undefined ? hasNumericPorts(entity) : hasPorts(entity))) continue;
    const place = listAt(entity, 'ports') ?? listAt(entity, 'notPorts') ?? rule;
    report.error(
      place,
      'ports-need-protocol',
      `${path}.${name}.ports`,
      'ports need protocol TCP, UDP or SCTP',
      'add protocol: TCP',
    );
  }
}

function checkIcmp(rule: MapValue, path: string, report: Reporter): void {
  for (const field of ['icmp', 'notICMP']) {
    const icmp = mapAt(rule, field);
    if (icmp === undefined) continue;
    const number = protocolNumber(fieldOf(rule, 'protocol'));
    if (number !== 1 && number !== 58)
      report.error(
        icmp,
        'icmp-needs-protocol',
        `${path}.${field}`,
        `${field} needs protocol ICMP or ICMPv6`,
        'add protocol: ICMP',
      );
    if (fieldOf(icmp, 'code') !== undefined && fieldOf(icmp, 'type') === undefined) {
      report.error(icmp, 'icmp-code-needs-type', `${path}.${field}.code`, 'an ICMP code needs a type', 'add type');
    }
    for (const [part, most] of icmpMost) {
      const value = fieldOf(icmp, part);
      if (value?.is !== 'number' || (Number(value.text) >= 0 && Number(value.text) <= most)) continue;
      const message = `${value.text} is no ICMP ${part}`;
      report.error(value, 'icmp-range', `${path}.${field}.${part}`, message, `write a number from 0 to ${most}`);
    }
  }
}

/** The IP versions that the networks of a rule belong to, its `ipVersion` and its protocol must agree. */
function checkFamilies(rule: MapValue, path: string, report: Reporter): void {
  const version = fieldOf(rule, 'ipVersion');
  let family = version?.is === 'number' ? Number(version.text) : 0;
  if (version?.is === 'number' && family !== 4 && family !== 6) {
    report.error(version, 'ip-version', `${path}.ipVersion`, `${version.text} is no IP version`, 'write 4 or 6');
    return;
  }
  const protocol = protocolNumber(fieldOf(rule, 'protocol'));
  const ofProtocol = protocol === 1 ? 4 : protocol === 58 ? 6 : 0;
  if (family !== 0 && ofProtocol !== 0 && family !== ofProtocol) {
    report.error(
      version ?? rule,
      'ip-version-mixed',
      `${path}.ipVersion`,
      `ipVersion ${family} does not fit the protocol`,
      'leave ipVersion out',
    );
  }
  for (const name of ['source', 'destination']) {
    for (const field of ['nets', 'notNets']) {
      for (const net of textsAt(mapAt(rule, name), field)) {
        const own = net.text.includes(':') ? 6 : 4;
        if (family === 0) family = own;
        if (own === family) continue;
        report.error(
          net,
          'ip-version-mixed',
          `${path}.${name}.${field}`,
          `${net.text} is IPv${own} in a rule of IPv${family}`,
          'split the rule by IP version',
        );
        return;
      }
    }
  }
}

function familyCondition(rule: MapValue): Expr[] {
  const version = fieldOf(rule, 'ipVersion');
  if (version?.is !== 'number') return [];
  return [{ op: 'address', fact: 'source', any: [{ text: version.text === '6' ? '::/0' : '0.0.0.0/0' }] }];
}

function readHttp(rule: MapValue, path: string, { direction, report }: RuleContext): HttpClause | undefined {
  const http = mapAt(rule, 'http');
  if (http === undefined) return undefined;
  checkHttpPlace(rule, http, path, direction, report);
  lintHttp(http, `${path}.http`, report);
  warnOfEmptyLists(http, ['methods', 'paths'], `${path}.http`, report);
  const methods = textsAt(http, 'methods').map((method) => method.text);
  const repeated = methods.find((method, i) => methods.indexOf(method) !== i);
  if (repeated !== undefined)
    report.error(
      http,
      'method-repeated',
      `${path}.http.methods`,
      `method ${repeated} stands there twice`,
      'remove one',
    );
  const ofMethod: Expr[] =
    methods.length === 0 || methods.includes('*')
      ? []
      : [
          {
            op: 'text',
            fact: { of: 'method' },
            any: methods.map((method) => ({ is: 'exact', value: toByteString(method) })),
          },
        ];
  const items = listAt(http, 'paths')?.items ?? [];
  if (items.length === 0) return { holds: allOf(ofMethod), refuses: undefined };
  const any = items.flatMap((item, i) => {
    const pattern = readPath(item, `${path}.http.paths[${i}]`, report);
    return pattern === undefined ? [] : [pattern];
  });
  const relative: Expr = { op: 'not', of: { op: 'text', fact: { of: 'path' }, any: [{ is: 'prefix', value: '/' }] } };
  return {
    holds: allOf([...ofMethod, { op: 'text', fact: { of: 'normalPath' }, any }]),
    refuses: allOf([...ofMethod, relative]),
  };
}

function checkHttpPlace(rule: MapValue, http: MapValue, path: string, direction: Direction, report: Reporter): void {
  const protocol = protocolNumber(fieldOf(rule, 'protocol'));
  const say = (code: FindingCode, message: string, fix: string): void =>
    report.error(http, code, `${path}.http`, message, fix);
  if (textAt(rule, 'action') !== 'Allow')
    say(
      'http-needs-allow',
      'http is only allowed in rules whose action is Allow',
      'use Allow with http, and deny the rest by the rules that follow',
    );
  if (fieldOf(rule, 'protocol') !== undefined && protocol !== 6)
    say('http-needs-tcp', 'http needs protocol TCP, or none', 'write protocol: TCP');
  if (direction === 'egress')
    say(
      'http-in-egress',
      'http is not enforced in egress rules',
      "put it into an ingress rule of the destination's policy",
    );
}

function readPath(item: Value, path: string, report: Reporter) {
  const exact = textAt(item, 'exact');
  const prefix = textAt(item, 'prefix');
  const written = exact ?? prefix;
  if (written === undefined || (exact !== undefined && prefix !== undefined)) {
    report.error(item, 'path-form', path, 'a path is either exact or prefix', 'write one of the two');
    return undefined;
  }
  if (!written.startsWith('/') || /[?# ]/.test(written)) {
    report.error(
      item,
      'path-invalid',
      path,
      `${JSON.stringify(written)} is no path: it must begin with / and hold no ?, # or blank`,
      'write e.g. /api',
    );
    return undefined;
  }
  const normal = normalisePath(toByteString(written));
  if (normal.is !== 'path') {
    report.warning(
      item,
      'path-never-matches',
      path,
      `${JSON.stringify(written)} cannot be normalised: it never matches`,
      'write the path without double encoding',
    );
    return undefined;
  }
  return { is: exact === undefined ? 'under' : 'exact', value: normal.path } as const;
}
