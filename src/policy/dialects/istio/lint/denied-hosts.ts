/**
 * Hosts that a DENY or CUSTOM names without a port: a client that sends one gets past it.
 * @module
 */
import type { Reporter } from '../../../documents/finding.ts';
import type { Values } from './rule-values.ts';

/** Warns about lists of hosts of which one is there without a port, and not with one too. */
export function lintDeniedHosts(all: readonly Values[], action: string, report: Reporter): void {
  for (const { key, negated, values, path } of all) {
    if (negated || !isHost(key)) continue;
    const texts = values.map(({ text }) => text.toLowerCase());
    const missed = values.flatMap((value, i) => (isWithoutPort(texts[i]!, texts) ? [{ value, i }] : [])); // as many
    const [first] = missed;
    if (first === undefined) continue;
    const { text } = first.value;
    const more = missed.length === 1 ? '' : ` (and ${missed.length - 1} more)`;
    const passes = action === 'DENY' ? 'is not denied' : 'is let past the provider';
    const message = `${JSON.stringify(text)}${more} is compared with the port that the client writes: a request for ${JSON.stringify(`${text.replace(/^\*/, 'www')}:8080`)} ${passes}`;
    report.warning(first.value, 'host-without-port', `${path}[${first.i}]`, message, fixOf(text));
  }
}

const isHost = (key: string): boolean =>
  key === 'operation.host' || /^request\.headers\[(host|:authority)\]$/i.test(key);

/** A star at the end stands for a port, too. */
function isWithoutPort(host: string, all: readonly string[]): boolean {
  if (host.includes(':') || host.endsWith('*')) return false;
  return !all.some(
    (other) => other.startsWith(`${host}:`) || (other.endsWith('*') && `${host}:`.startsWith(other.slice(0, -1))),
  );
}

const fixOf = (host: string): string =>
  host.startsWith('*')
    ? `add each port that clients may write, e.g. ${JSON.stringify(`${host}:8080`)}: a second star would be a plain character`
    : `add ${JSON.stringify(`${host}:*`)}`;
