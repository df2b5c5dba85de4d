/**
 * Listeners that are written down and empty: nowhere, as if they were not there.
 * @module
 */
import { listeners } from './table.ts';

const optional = new Set(Object.entries(listeners).flatMap(([name, row]) => (row.optional ? [name] : [])));

/** Leaves them out of what a file says; what is not as it should be stays, to be told. */
export function withoutEmptyListeners(content: unknown): unknown {
  if (!isRecord(content) || !isRecord(content['listen'])) return content;
  const listeners = Object.entries(content['listen']).filter(([key, value]) => !optional.has(key) || !isEmpty(value));
  return { ...content, listen: Object.fromEntries(listeners) };
}

/** An address of nothing; one with a certificate is a mistake. */
function isEmpty(listener: unknown): boolean {
  if (!isRecord(listener)) return listener === '';
  const { address, tls, ...others } = listener;
  return address === '' && isEmptyPair(tls) && Object.keys(others).length === 0;
}

function isEmptyPair(tls: unknown): boolean {
  if (tls === undefined) return true;
  return isRecord(tls) && Object.entries(tls).every(([key, value]) => ['cert', 'key'].includes(key) && value === '');
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
