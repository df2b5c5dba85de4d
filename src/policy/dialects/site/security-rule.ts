/**
 * Reads one security rule of Azure: single and plural forms, service tags, application security groups.
 *
 * Facts from Microsoft's pages "Azure network security groups overview", "Virtual network service tags" and the REST reference of
 * Security Rules.
 * @module
 */
import type { Place, Reporter } from '../../documents/finding.ts';
import { anything, checkShape, listOf, object, text } from '../../documents/shape.ts';
import { fieldOf, listAt, type MapValue, type TextValue, textAt, type Value } from '../../documents/value.ts';
import type { Expr, PortRange } from '../../model.ts';
import { everybody, readAddressPrefix } from './address-prefix.ts';
import type { LayerRule } from './layer.ts';
import { portIn, protocols, readPorts, withPorts } from './ports.ts';
import { type End, type NamedRanges, rangesNamed, type SiteOptions, within } from './ranges.ts';

export type Direction = 'inbound' | 'outbound';

/** A rule, and what tells it from others. */
export interface SecurityRule extends LayerRule {
  readonly name: string;
  readonly path: string;
  readonly direction: Direction;
  /** It denies whatever comes to it. */
  readonly catchesAll: boolean;
}

interface At {
  readonly index: number;
  readonly path: string;
  readonly isDefault: boolean;
}

const ends = ['source', 'destination'] as const;

const shape = object(
  {
    ...Object.fromEntries(
      ends.flatMap((end) => [
        [`${end}AddressPrefix`, text],
        [`${end}AddressPrefixes`, listOf(text)],
        [`${end}PortRange`, text],
        [`${end}PortRanges`, listOf(text)],
        [`${end}ApplicationSecurityGroups`, listOf(anything)],
      ]),
    ),
    ...Object.fromEntries(['description', 'etag', 'id', 'resourceGroup', 'type'].map((field) => [field, anything])),
    name: text,
    priority: { is: 'number' },
    direction: text,
    access: text,
    protocol: text,
    provisioningState: text,
  },
  ['name', 'priority', 'direction', 'access', 'protocol'],
);

interface Context {
  readonly at: At;
  readonly options: SiteOptions;
  readonly report: Reporter;
}

/** Reads a rule; undefined, and findings, if it cannot be read. */
export function readSecurityRule(
  value: Value,
  at: At,
  options: SiteOptions,
  report: Reporter,
): SecurityRule | undefined {
  const before = report.findings.length;
  const rule = value.is === 'map' ? withoutNulls(value) : value;
  checkShape(rule, shape, at.path, report);
  if (report.findings.length > before || rule.is !== 'map') return undefined;
  const context: Context = { at, options, report };
  const direction = word(rule, 'direction', ['inbound', 'outbound'], context);
  const effect = word(rule, 'access', ['allow', 'deny'], context);
  const protocol = protocolOf(rule, context);
  const conditions = ends.flatMap((end) => [...addresses(rule, end, context), ...ports(rule, end, context)]);
  tellStrayPorts(rule, protocol, conditions, context);
  const priority = priorityOf(rule, context);
  tellUnsettled(rule, context);
  if (direction === undefined || effect === undefined || protocol === undefined || priority === undefined)
    return undefined;
  const guarded = within(direction === 'inbound' ? 'destination' : 'source', options.subnets ?? []);
  const asked = [...protocol, ...conditions];
  return {
    ...{ index: at.index, path: at.path, name: textAt(rule, 'name') ?? '', direction, effect, priority },
    position: { file: report.file, line: rule.line, column: rule.column },
    holds: { op: 'all', of: [guarded, ...asked] },
    isDefault: at.isDefault,
    catchesAll: asked.length === 0 && effect === 'deny',
  };
}

/** az prints what a rule does not have as null. */
function withoutNulls(map: MapValue): MapValue {
  return { ...map, entries: new Map([...map.entries].filter(([, { value }]) => value.is !== 'null')) };
}

function word<T extends string>(rule: MapValue, field: string, words: readonly T[], context: Context): T | undefined {
  const written = textAt(rule, field) ?? '';
  const found = words.find((one) => one === written.toLowerCase());
  if (found === undefined) {
    const message = `${field} is ${JSON.stringify(written)}, which is none of ${words.join(', ')}`;
    say(rule, field, 'enum', message, 'print the group again with an az of today', context);
  }
  return found;
}

function say(
  rule: MapValue,
  field: string,
  code: Parameters<Reporter['error']>[1],
  message: string,
  fix: string,
  { at, report }: Context,
  place: Place = fieldOf(rule, field) ?? rule,
): void {
  report.error(place, code, `${at.path}.${field}`, message, fix);
}

/** Azure lets nobody choose priorities beyond these, and has its default rules behind them. */
function priorityOf(rule: MapValue, context: Context): number | undefined {
  const value = fieldOf(rule, 'priority');
  const priority = value?.is === 'number' ? Number(value.text) : Number.NaN;
  const [least, most] = context.at.isDefault ? [65_000, 65_500] : [100, 4_096];
  if (priority >= least && priority <= most) return priority;
  const message = `priority ${priority} is not within ${least} to ${most}, where Azure has such rules`;
  say(rule, 'priority', 'priority-range', message, 'print the group again', context);
  return undefined;
}

/** ICMPv6 and SCTP no group of Azure can name. */
const ofAzure: ReadonlySet<number> = new Set(
  ['TCP', 'UDP', 'ICMP', 'ESP', 'AH'].flatMap((name) => protocols.get(name) ?? []),
);

function protocolOf(rule: MapValue, context: Context): readonly Expr[] | undefined {
  const written = textAt(rule, 'protocol') ?? '';
  if (['*', 'any'].includes(written.toLowerCase())) return [];
  const number = protocols.get(written.toUpperCase());
  if (number !== undefined && ofAzure.has(number)) return [{ op: 'protocol', any: [number] }];
  const message = `protocol ${JSON.stringify(written)} is not known here`;
  say(rule, 'protocol', 'protocol-unknown', message, 'known are *, Tcp, Udp, Icmp, Esp, Ah', context);
  return undefined;
}

/** A text, and the path of the field where it stands. */
interface Written {
  readonly value: TextValue;
  readonly field: string;
}

/** The texts of a field that has a single and a plural form, of which a rule has one. */
function texts(rule: MapValue, single: string, plural: string, context: Context): readonly Written[] {
  const one = fieldOf(rule, single);
  const several = (listAt(rule, plural)?.items ?? []).flatMap((value, i) =>
    value.is === 'text' ? [{ value, field: `${plural}[${i}]` }] : [],
  );
  const alone = one?.is === 'text' && one.text !== '' ? [{ value: one, field: single }] : [];
  if (alone.length > 0 && several.length > 0)
    say(rule, plural, 'nsg-form', `the rule has both ${single} and ${plural}`, 'print the group again', context);
  return [...alone, ...several];
}

function ports(rule: MapValue, end: End, context: Context): readonly Expr[] {
  const [single, plural] = [`${end}PortRange`, `${end}PortRanges`];
  const written = texts(rule, single, plural, context);
  if (written.length === 0) {
    say(
      rule,
      single,
      'field-missing',
      `the rule says neither ${single} nor ${plural}`,
      'print the group again',
      context,
    );
    return [];
  }
  const any = written.flatMap(({ value, field }): PortRange[] => {
    if (value.text === '*') return [{ from: 0, to: 65_535 }];
    const range = readPorts(value);
    if (range !== undefined) return [range];
    const message = `${JSON.stringify(value.text)} is no port and no range of ports`;
    const fix = `Azure writes *, 443 or 8000-8080, and several in ${plural}`;
    say(rule, field, 'port-invalid', message, fix, context, value);
    return [];
  });
  return portIn(end === 'source' ? 'sourcePort' : 'destinationPort', any);
}

function addresses(rule: MapValue, end: End, context: Context): readonly Expr[] {
  const [single, plural, groups] = [`${end}AddressPrefix`, `${end}AddressPrefixes`, `${end}ApplicationSecurityGroups`];
  const written = texts(rule, single, plural, context);
  const members = listAt(rule, groups)?.items ?? [];
  if (written.length + members.length === 0) {
    const message = `the rule says none of ${single}, ${plural} and ${groups}`;
    say(rule, single, 'field-missing', message, 'print the group again', context);
    return [];
  }
  if (written.length > 0 && members.length > 0) {
    const message = `the rule has both addresses and ${groups}`;
    say(rule, groups, 'nsg-form', message, 'print the group again: Azure keeps none such', context);
    return [];
  }
  const any = [
    ...written.map(({ value, field }) =>
      readAddressPrefix(value, `${context.at.path}.${field}`, context.options.tags, context.report),
    ),
    ...members.map((value, i) => groupOf(value, `${groups}[${i}]`, rule, context)),
  ].filter((ranges) => ranges !== undefined);
  if (any.includes(everybody)) return [];
  return [{ op: 'any', of: any.map((ranges) => within(end, ranges)) }];
}

function groupOf(value: Value, field: string, rule: MapValue, context: Context): NamedRanges | undefined {
  const id = textAt(value, 'id') ?? '';
  const name = id.slice(id.lastIndexOf('/') + 1);
  const named = name === '' ? undefined : rangesNamed(context.options.applicationSecurityGroups, name.toLowerCase());
  if (named !== undefined) return named;
  const message = `who is in application security group ${JSON.stringify(name)} does not stand here`;
  const fix = `give its addresses: policies.site.applicationSecurityGroups: { ${name}: [10.1.0.0/24] }`;
  say(rule, field, 'group-unread', message, fix, context, value);
  return undefined;
}

/** Packets of ICMP, ESP and AH have no ports: what such a rule would hold for, nobody says. */
function tellStrayPorts(
  rule: MapValue,
  protocol: readonly Expr[] | undefined,
  conditions: readonly Expr[],
  context: Context,
): void {
  const bears = protocol?.every((atom) => atom.op !== 'protocol' || atom.any.every((number) => withPorts.has(number)));
  const asked = conditions.find((condition) => condition.op === 'port');
  if (bears !== false || asked === undefined) return;
  const message = `the rule asks for ports, which ${textAt(rule, 'protocol')} does not have`;
  say(rule, 'protocol', 'ports-need-protocol', message, 'Azure writes * for the ports of such a rule', context);
}

/** A change that Azure has not finished, or that failed. */
function tellUnsettled(rule: MapValue, { at, report }: Context): void {
  const state = fieldOf(rule, 'provisioningState');
  if (state?.is !== 'text' || state.text === 'Succeeded') return;
  const message = `the rule is ${state.text} in Azure: it may not be what is in force`;
  report.warning(
    state,
    'nsg-unsettled',
    `${at.path}.provisioningState`,
    message,
    'print the group again once it is done',
  );
}
