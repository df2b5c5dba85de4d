/**
 * Ports of one end of a rule: numbers, ranges `a:b`, names.
 * @module
 */
import type { Reporter } from '../../documents/finding.ts';
import { listAt, type MapValue, type Value } from '../../documents/value.ts';
import type { Expr, PortRange } from '../../model.ts';
import type { End, EntityConditions } from './entity-conditions.ts';

type ReadPort = { readonly range: PortRange } | { readonly name: string };

/** The conditions of `ports` and `notPorts`, in both views, as lists to be joined with the others. */
export function portsOf(
  value: MapValue,
  end: End,
  path: string,
  report: Reporter,
): { readonly [View in keyof EntityConditions]: readonly Expr[] } {
  const ports = readPorts(value, 'ports', path, report);
  const notPorts = readPorts(value, 'notPorts', path, report);
  const view = (named: boolean): Expr[] => [
    ...(ports === undefined ? [] : [anyPort(ports, end, named)]),
    ...(notPorts === undefined ? [] : [{ op: 'not', of: anyPort(notPorts, end, named) } as const]),
  ];
  return { check: view(false), network: view(true) };
}

/** Whether any of the ports is a number or range: those need a protocol that has ports. */
export function hasNumericPorts(value: MapValue | undefined): boolean {
  return ['ports', 'notPorts'].some((field) =>
    (listAt(value, field)?.items ?? []).some((port) => 'range' in (parsePort(port) ?? {})),
  );
}

export function hasPorts(value: MapValue | undefined): boolean {
  return ['ports', 'notPorts'].some((field) => (listAt(value, field)?.items.length ?? 0) > 0);
}

function readPorts(value: MapValue, field: string, path: string, report: Reporter): readonly ReadPort[] | undefined {
  const items = listAt(value, field)?.items ?? [];
  if (items.length === 0) return undefined;
  return items.flatMap((item, i) => {
    const port = parsePort(item);
    if (port === undefined) {
      const shown = item.is === 'text' || item.is === 'number' ? JSON.stringify(item.text) : item.is;
      report.error(
        item,
        'port-invalid',
        `${path}.${field}[${i}]`,
        `${shown} is no port`,
        'write a number 0 to 65535, a range like 8000:8100 (smaller first), or the name of a port',
      );
      return [];
    }
    return [port];
  });
}

function parsePort(item: Value): ReadPort | undefined {
  if (item.is !== 'number' && item.is !== 'text') return undefined;
  const match = /^(\d{1,5})(?::(\d{1,5}))?$/.exec(item.text);
  if (!match)
    return /^[A-Za-z0-9_.-]{1,128}$/.test(item.text) && /[A-Za-z]/.test(item.text) ? { name: item.text } : undefined;
  const from = Number(match[1]);
  const to = Number(match[2] ?? match[1]);
  return from <= to && to <= 65535 ? { range: { from, to } } : undefined;
}

function anyPort(ports: readonly ReadPort[], end: End, named: boolean): Expr {
  const ranges = ports.flatMap((port) => ('range' in port ? [port.range] : []));
  const names = named ? ports.flatMap((port) => ('name' in port ? [port.name] : [])) : [];
  const numeric: Expr = { op: 'port', fact: end === 'source' ? 'sourcePort' : 'destinationPort', any: ranges };
  return names.length === 0
    ? numeric
    : { op: 'any', of: [numeric, ...names.map((name): Expr => ({ op: 'namedPort', end, name }))] };
}
