/**
 * Workloads whose requests bring tokens: rules of RequestAuthentication, tokens good and bad, and what Check and a tree make of a request.
 * @module
 */
import { importKeySets } from '../../src/authz/jwks/import-key-sets.ts';
import { claimStrings } from '../../src/authz/jwt/claims.ts';
import type { TokenOutcome } from '../../src/authz/jwt/token-outcome.ts';
import { createTokenVerifier } from '../../src/authz/jwt/verifier.ts';
import { tokenKeysOf } from '../../src/authz/native/tokens/token-keys.ts';
import type { KeySets } from '../../src/authz/state.ts';
import type { TokenProvider } from '../../src/policy/compile-envoy/tokens/token-filters.ts';
import { faultKey, goodKey, PAYLOAD, tokenState } from '../../src/policy/compile-envoy/tokens/token-names.ts';
import type { Seen } from '../../src/policy/compile-envoy/tree/interpret-tree.ts';
import type { Facts } from '../../src/policy/facts.ts';
import type { TokenRule } from '../../src/policy/model.ts';
import type { NativeRequest } from './native-envoy.ts';
import { plainFacts } from './plain-facts.ts';
import { seenByEnvoy } from './seen-by-envoy.ts';
import { requestOf } from './token-cases.ts';
import * as make from './tokens.ts';

/** Issuers by name: `https://NAME`, keys at `https://NAME/keys`. `gone` has none. */
const issuers = ['a', 'b', 'gone'] as const;
export type IssuerName = (typeof issuers)[number];

/** A RequestAuthentication of `default` with these rules, in YAML's flow form. */
export const requestAuthentication = (...rules: readonly string[]): string =>
  `---\napiVersion: security.istio.io/v1\nkind: RequestAuthentication\nmetadata: {name: r, namespace: default}\nspec: {jwtRules: [${rules.join(', ')}]}\n`;

/** One rule. @param more  e.g. `, forwardOriginalToken: true` */
export const tokenRuleOf = (issuer: IssuerName, more = ''): string =>
  `{issuer: "https://${issuer}", jwksUri: "https://${issuer}/keys"${more}}`;

/** Keys and tokens. */
export async function createTokenWorld() {
  const keys = {
    a: await make.issuingKey('ES256'),
    b: await make.issuingKey('RS256'),
    gone: await make.issuingKey('ES256'),
  };
  const documentOf = (jwks: string | undefined) => ({ jwks, failure: undefined, fetchedAt: 0 });
  const documents = new Map([
    ['a', documentOf(make.keySetText({ ...keys.a.jwk, kid: 'a', d: 'never', use: 'sig' } as never))], // a private part must not travel
    ['b', documentOf(make.keySetText(keys.b.jwk))],
    ['gone', documentOf(undefined)],
  ]);
  /** Key sets by the ids that rules name. */
  const keySetsOf = (rules: readonly TokenRule[]): Promise<KeySets> => {
    const byId = rules.map(({ keys: { id }, issuer }) => [id, documents.get(issuer.split('/')[2]!)!] as const);
    return importKeySets({ generation: 1, documents: new Map(byId) });
  };
  const mint = (by: IssuerName, payload: make.Payload) =>
    make.mint(keys[by], { iss: `https://${by}`, ...payload }, by === 'a' ? { kid: 'a' } : {});
  return { mint, keySetsOf, tokenKeysOf };
}

export type TokenWorld = Awaited<ReturnType<typeof createTokenWorld>>;

const verify = createTokenVerifier();

const linesOf = ({ method, path, host, headers }: NativeRequest) =>
  [[':method', method], [':path', path], [':authority', host], [':scheme', 'http'], ...headers] as const;

/** What Check knows of a request, and what became of its tokens. */
export function factsWithTokens(
  request: NativeRequest,
  keySets: KeySets,
  base: Partial<Facts> = {},
): Facts & { outcome(): TokenOutcome | undefined } {
  let outcome: TokenOutcome | undefined;
  const lines = requestOf(linesOf(request) as never); // readonly pairs
  const { method, path, host } = request;
  const effects = () => (outcome === undefined || outcome.outcome === 'rejected' ? undefined : outcome.effects);
  return {
    ...plainFacts({ method, path: path.split('?', 1)[0]!, host }),
    ...base,
    header(name) {
      const { headersToRemove = [], headersToSet = [], pathAfter } = effects() ?? {};
      if (name === ':path' && pathAfter !== undefined) return [pathAfter];
      const set = headersToSet.filter(([each]) => each === name).map(([, value]) => value);
      return headersToRemove.includes(name) ? set : lines.header(name);
    },
    claim: (at) => (outcome?.outcome === 'accepted' ? claimStrings(outcome.claims, at) : []),
    verifyTokens(rules) {
      outcome = verify(lines, rules, keySets, Date.now());
      if (outcome.outcome !== 'rejected') return { accepted: true };
      return {
        accepted: false,
        reason: outcome.status === 403 ? 'audience_denied' : 'token_invalid',
        text: outcome.body,
      };
    },
    outcome: () => outcome,
  };
}

/** What Envoy's inputs show of a request behind jwt_authn. */
export function seenWithTokens(
  request: NativeRequest,
  providers: readonly TokenProvider[],
  keySets: KeySets,
  facts: Facts,
): Seen {
  const lines = requestOf(linesOf(request) as never); // readonly pairs
  const found = providers.map(({ rule }) => verify(lines, [rule], keySets, Date.now()));
  const accepted = found.findIndex(({ outcome }) => outcome === 'accepted');
  if (accepted >= 0) found.length = accepted + 1; // the next ones are not tried
  const first = found[accepted];
  const claims = first?.outcome === 'accepted' ? first.claims : new Map<string, never>();
  const size = request.headers.reduce(
    (sum, [name, value]) => sum + name.length + value.length,
    100 + request.path.length,
  );
  const rest = seenByEnvoy(facts);
  return (input) => {
    if (input === `state:${tokenState.issuer}`) return claimStrings(claims, ['iss'])[0] ?? '-';
    if (input === `state:${tokenState.subject}`) return claimStrings(claims, ['sub'])[0] ?? '-';
    if (input === `state:${tokenState.headerBytes}`) return String(size);
    if (input.startsWith('header:')) {
      const values = lines.header(input.slice('header:'.length));
      return values.length === 0 ? undefined : values.join(',');
    }
    if (!input.startsWith('token:')) return rest(input);
    const [key = '', ...path] = JSON.parse(input.slice('token:'.length)) as readonly string[]; // as tokenInput writes it
    if (key === PAYLOAD) return claimStrings(claims, path);
    for (const [rule, each] of found.entries()) {
      if (key === goodKey(rule)) return each.outcome === 'accepted' ? 'ES256' : undefined;
      if (key === faultKey(rule)) return each.outcome === 'rejected' ? each.body : undefined;
    }
    return undefined;
  };
}
