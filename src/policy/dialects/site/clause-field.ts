/**
 * Which field of a site rule a condition comes from: of SiteRules and of security rules of Azure.
 * @module
 */
import { fieldOf, listAt, type MapValue, textAt, textsAt } from '../../documents/value.ts';
import type { Atom } from '../../model.ts';

/** Names the field; undefined where none of the rule makes the condition, such as the subnets that a group guards. */
export function clauseField(rule: MapValue, atom: Atom): string | undefined {
  const fields = fieldOf(rule, 'direction') === undefined ? ofSiteRule(atom) : ofSecurityRule(rule, atom);
  return fields.find((field) => isWritten(rule, field));
}

function ofSiteRule(atom: Atom): readonly string[] {
  if (atom.op === 'address') return [atom.fact === 'source' ? 'from' : 'to'];
  if (atom.op === 'port') return [atom.fact === 'sourcePort' ? 'sourcePorts' : 'ports'];
  return atom.op === 'protocol' ? ['protocols'] : [];
}

function ofSecurityRule(rule: MapValue, atom: Atom): readonly string[] {
  if (atom.op === 'protocol') return ['protocol'];
  if (atom.op === 'port') {
    const end = atom.fact === 'sourcePort' ? 'source' : 'destination';
    return [`${end}PortRange`, `${end}PortRanges`];
  }
  if (atom.op !== 'address') return [];
  const [single, plural] = [`${atom.fact}AddressPrefix`, `${atom.fact}AddressPrefixes`];
  const guarded = textAt(rule, 'direction')?.toLowerCase() === 'inbound' ? 'destination' : 'source';
  if (atom.fact !== guarded) return [single, plural, `${atom.fact}ApplicationSecurityGroups`];
  // At this end the subnets are asked about as well: only what is written word for word is surely the rule's own.
  const written = new Set([textAt(rule, single), ...textsAt(rule, plural).map(({ text }) => text)]);
  return atom.any.every(({ text }) => written.has(text)) ? [single, plural] : [];
}

/** It has a value: az writes an empty text, an empty list or null for what a rule does not have. */
function isWritten(rule: MapValue, field: string): boolean {
  const value = fieldOf(rule, field);
  if (value?.is === 'list') return (listAt(rule, field)?.items.length ?? 0) > 0;
  return value !== undefined && value.is !== 'null' && !(value.is === 'text' && value.text === '');
}
