/**
 * Short ways to write cases.
 * @module
 */
import type { Case, Identity, Request } from '../case.ts';

/** A case of namespace `foo`, where little has to be said. */
export function corner(
  id: string,
  documents: readonly string[],
  requests: readonly Request[],
  more: Partial<Case> = {},
): Case {
  return {
    id,
    namespace: 'foo',
    labels: { app: 'reviews', version: 'v1' },
    rawHeaders: true,
    useRemoteAddress: false,
    trustedHops: 0,
    aliases: [],
    documents,
    requests,
    ...more,
  };
}

type Meta = { readonly name?: string; readonly namespace?: string; readonly annotations?: Record<string, string> };

const written = (kind: string, spec: object, meta: Meta = {}): string =>
  JSON.stringify({
    apiVersion: 'security.istio.io/v1',
    kind,
    metadata: { name: 'p', namespace: 'foo', ...meta },
    spec,
  });

/** An AuthorizationPolicy, as JSON. */
export const authorization = (spec: object, meta?: Meta): string => written('AuthorizationPolicy', spec, meta);

/** A RequestAuthentication, as JSON. */
export const tokens = (jwtRules: readonly object[], meta?: Meta): string =>
  written('RequestAuthentication', { jwtRules }, meta);

/** One rule. */
export interface RuleSpec {
  readonly from?: readonly object[];
  readonly to?: readonly object[];
  readonly when?: readonly object[];
}

export const allow = (...rules: readonly RuleSpec[]): string => authorization({ action: 'ALLOW', rules });
export const deny = (...rules: readonly RuleSpec[]): string => authorization({ action: 'DENY', rules });
export const source = (fields: object): RuleSpec => ({ from: [{ source: fields }] });
export const operation = (fields: object): RuleSpec => ({ to: [{ operation: fields }] });
export const when = (key: string, values?: readonly string[], notValues?: readonly string[]): RuleSpec => ({
  when: [{ key, ...(values && { values }), ...(notValues && { notValues }) }],
});

/** The rule as ALLOW and as DENY, each a case of its own. */
export function bothWays(id: string, rule: RuleSpec, requests: readonly Request[], more: Partial<Case> = {}): Case[] {
  return [corner(`${id}~allow`, [allow(rule)], requests, more), corner(`${id}~deny`, [deny(rule)], requests, more)];
}

export const plain: Identity = { name: 'plain', plain: true };
export const noCert: Identity = { name: 'no-cert', noCert: true };

/** A caller with these names in its certificate. */
export const named = (...uris: readonly string[]): Identity => ({ name: `uris:${uris.join(' ')}`, uris });
