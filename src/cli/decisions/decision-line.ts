/**
 * A decision on one line, for people.
 * @module
 */
import type { DecisionRow } from '../../admin-api/decisions.ts';
import { oneLine } from '../../lib/printable.ts';
import { type SpiffeId, serviceAccountOf } from '../../spiffe/spiffe-id.ts';
import type { Look } from '../terminal/look.ts';

/** E.g. `12:00:00.000 deny rule_denied web/front -> shop/cart POST shop/orders by shop/no-post ID`. */
export function decisionLine(row: DecisionRow, look: Look): string {
  const { at, decision, reason, source, destination, policy, dryRun, reported, id } = row;
  const parts = [
    look.style('dim', oneLine(at).slice(11, 23)),
    look.style(decision === 'allow' ? 'good' : 'bad', decision.padEnd(5)),
    oneLine(reason),
    `${sourceText(source)} -> ${destination === undefined ? '?' : nameText(destination.spiffeId)}`,
    requestText(row),
    ...(policy === undefined ? [] : [`by ${oneLine(policy)}`]),
    ...(dryRun === undefined || dryRun.decision === decision
      ? []
      : [look.style('warning', `dry run: ${dryRun.decision}`)]),
    ...(reported ? [look.style('dim', 'reported by Envoy')] : []),
    look.style('dim', oneLine(id)),
  ];
  return `${parts.filter((part) => part !== '').join('  ')}\n`;
}

/** Who asked: by name, else by address. */
function sourceText(source: DecisionRow['source']): string {
  if (source === undefined) return '?';
  return source.principal === '' ? oneLine(source.address || '?') : nameText(source.principal);
}

/** `NAMESPACE/SERVICEACCOUNT` where the ID has that form: the trust domain is the same on nearly every line. */
function nameText(spiffeId: string): string {
  const account = /^spiffe:\/\/[^/]+\/ns\/[^/]+\/sa\/[^/]+$/.test(spiffeId)
    ? serviceAccountOf(spiffeId as SpiffeId)
    : undefined; // of that form
  return oneLine(account === undefined ? spiffeId : `${account.namespace}/${account.serviceAccount}`);
}

function requestText({ request }: DecisionRow): string {
  if (request === undefined) return '';
  const { protocol, method, host, path } = request;
  if (protocol !== 'http') return oneLine(protocol);
  return oneLine([method, `${host ?? ''}${path ?? ''}`].filter(Boolean).join(' '));
}
