/**
 * What a configuration that was read again may change while we run.
 * @module
 */
import type { Config } from '../config/config.ts';

/** Everything that is looked at again; the rest needs a restart. */
const live = new Set(['file', 'entries', 'workloads', 'log', 'admin']);

/** Field paths that differ and cannot be changed now, e.g. `listen.extAuthz`; two levels deep. */
export function needsRestart(before: Config, after: Config): string[] {
  return differences(before, after, '', 2).filter((path) => !live.has(path.split('.', 1)[0]!));
}

function differences(before: object, after: object, prefix: string, depth: number): string[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return keys.flatMap((key) => {
    const [a, b] = [Reflect.get(before, key) as unknown, Reflect.get(after, key) as unknown];
    if (JSON.stringify(a) === JSON.stringify(b)) return [];
    const path = prefix === '' ? key : `${prefix}.${key}`;
    return depth > 1 && isPlain(a) && isPlain(b) ? differences(a, b, path, depth - 1) : [path];
  });
}

const isPlain = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
