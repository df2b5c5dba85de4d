/**
 * With other trust domains let in, a namespace or a service account without its trust domain may be one of theirs.
 * @module
 */
import type { Reporter } from '../../../documents/finding.ts';
import { listAt, type MapValue, mapAt, textAt, type Value } from '../../../documents/value.ts';
import type { Rule } from '../../../model.ts';
import { namesAnyDomain } from '../../../rules/any-trust-domain.ts';

const FIELDS = ['namespaces', 'notNamespaces', 'serviceAccounts', 'notServiceAccounts'];
const KEYS = ['source.namespace', 'source.serviceAccount'];

/** Refuses a rule whose meaning is not clear any more. @param trustDomain  ours, for the fix */
export function checkForeignNamespaces(
  rule: MapValue,
  { http, tcp }: Pick<Rule, 'http' | 'tcp'>,
  trustDomain: string,
  path: string,
  report: Reporter,
): void {
  if (!namesAnyDomain(http) && (tcp === undefined || !namesAnyDomain(tcp))) return;
  const { place, at, name } = placeIn(rule, path);
  report.error(
    place,
    'foreign-namespaces',
    at,
    `${name} means those of every trust domain, and others are let in (federation)`,
    `say which: trustDomains: [${trustDomain}] beside it; or extAuthz.peerTrustDomains: own, or federation.acceptForeignNamespaces: true`,
  );
}

interface Found {
  readonly place: Value | MapValue;
  readonly at: string;
  readonly name: string;
}

/** The first place where such a name stands. */
function placeIn(rule: MapValue, path: string): Found {
  for (const [i, alternative] of (listAt(rule, 'from')?.items ?? []).entries()) {
    const source = mapAt(alternative, 'source');
    // One that says which is clear, whatever else it names.
    if (source === undefined || (listAt(source, 'trustDomains')?.items.length ?? 0) > 0) continue;
    for (const name of FIELDS) {
      const place = listAt(source, name);
      if (place !== undefined) return { place, at: `${path}.from[${i}].source.${name}`, name };
    }
  }
  for (const [i, condition] of (listAt(rule, 'when')?.items ?? []).entries()) {
    const name = textAt(condition, 'key') ?? '';
    if (KEYS.includes(name)) return { place: condition, at: `${path}.when[${i}].key`, name };
  }
  return { place: rule, at: path, name: 'a namespace or service account' };
}
