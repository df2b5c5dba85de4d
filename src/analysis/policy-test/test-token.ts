/**
 * Real tokens for tests: signed by a key that every key set is given for the occasion, so that all else is verified as ever.
 * @module
 */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { RequestForm } from '../../admin-api/request-form.ts';
import type { KeySets, VerificationKey } from '../../authz/state.ts';
import type { PolicyModel, TokenRule } from '../../policy/model.ts';

/** Signs tokens for tests with a key that only the tests trust. */
export interface TestSigner {
  /** The key sets of every token rule, with the test's key beside their own. */
  keySets(model: PolicyModel, own: KeySets): KeySets;
  /** The request with a token of these claims, where the rule of its issuer looks for one. */
  withToken(request: RequestForm, claims: Readonly<Record<string, unknown>>, model: PolicyModel): RequestForm;
}

const KID = 'gatehouse-policy-test';

/** Makes a signer with a key of its own. */
export function createTestSigner(): TestSigner {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key: VerificationKey = { kid: KID, alg: 'ES256', kty: 'EC', crv: 'P-256', key: publicKey };
  return {
    keySets(model, { generation, sets }) {
      const ids = rulesOf(model).map(({ keys }) => keys.id);
      const withKey = ids.map(
        (id) => [id, { keys: [key, ...(sets.get(id)?.keys ?? [])], failure: undefined }] as const,
      );
      return { generation, sets: new Map([...sets, ...withKey]) };
    },
    withToken: (request, claims, model) => carry(request, mint(claims, privateKey), ruleFor(claims['iss'], model)),
  };
}

function mint(claims: Readonly<Record<string, unknown>>, key: KeyObject): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg: 'ES256', kid: KID })}.${part(claims)}`;
  return `${text}.${sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

const rulesOf = ({ planes }: PolicyModel): readonly TokenRule[] =>
  planes.flatMap(({ stages }) =>
    stages.flatMap((stage) => (stage.kind === 'token' ? stage.policies.flatMap(({ rules }) => rules) : [])),
  );

function ruleFor(issuer: unknown, model: PolicyModel): TokenRule | undefined {
  const rules = rulesOf(model);
  return rules.find((rule) => rule.issuer === issuer) ?? rules.find((rule) => rule.issuer === '') ?? rules[0];
}

/** Puts the token where the rule looks first: a header, a parameter, a cookie. */
function carry(request: RequestForm, token: string, rule: TokenRule | undefined): RequestForm {
  const http = request.http ?? {};
  const header = rule?.fromHeaders[0];
  const param = rule?.fromParams[0];
  const cookie = rule?.fromCookies[0];
  if (header === undefined && param !== undefined) {
    const { path = '/' } = http;
    return { ...request, http: { ...http, path: `${path}${path.includes('?') ? '&' : '?'}${param}=${token}` } };
  }
  const [name, value] =
    header !== undefined
      ? [header.name, `${header.prefix}${token}`]
      : cookie !== undefined
        ? ['cookie', `${cookie}=${token}`]
        : ['authorization', `Bearer ${token}`];
  const others = Object.entries(http.headers ?? {}).filter(([each]) => each.toLowerCase() !== name.toLowerCase());
  return { ...request, http: { ...http, headers: { ...Object.fromEntries(others), [name]: value } } };
}
