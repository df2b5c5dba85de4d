import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { KeySets } from '../../../src/authz/state.ts';
import { compileSnapshot } from '../../../src/policy/compile/compile-snapshot.ts';
import { interpretTree } from '../../../src/policy/compile-envoy/tree/interpret-tree.ts';
import type { Action } from '../../../src/policy/compile-envoy/tree/tree.ts';
import { treesOf } from '../../../src/policy/compile-envoy/workload-trees.ts';
import type { Facts } from '../../../src/policy/facts.ts';
import type { Expr, PolicyModel, TextFact, TokenRule } from '../../../src/policy/model.ts';
import type { NativeRequest } from '../../support/native-envoy.ts';
import { workload } from '../../support/native-model.ts';
import { createTokenWorld, factsWithTokens, seenWithTokens, type TokenWorld } from '../../support/token-world.ts';
import { tokenRule } from '../../support/tokens.ts';
import { arbitraryIstioFacts, arbitraryIstioModel } from './arbitrary-istio.ts';

const MODELS = Number(process.env['PROOFS'] ?? 150);
const SEED = Number(process.env['PROOFS_SEED'] ?? 1);
const settings = {
  trustDomains: ['cluster.local'],
  verifyPeer: 'off',
  peerTrustDomains: 'any',
  ambiguousRequests: 'asUpstream',
  allowEmpty: true,
} as const;

const claims: readonly (readonly string[])[] = [['c'], ['c'], ['sub'], ['iss'], ['scope'], ['d', 'c'], ['aud']];

/** Conditions on hosts and headers become conditions on claims, so that many rules ask for some. */
function withClaims(model: PolicyModel, rules: readonly TokenRule[]): PolicyModel {
  let count = 0;
  const factOf = (fact: TextFact): TextFact => {
    if (fact.of !== 'host' && fact.of !== 'header' && fact.of !== 'claim') return fact;
    count += 1;
    return { of: 'claim', path: claims[count % claims.length]! };
  };
  const change = (expr: Expr): Expr => {
    if (expr.op === 'all' || expr.op === 'any') return { ...expr, of: expr.of.map(change) };
    if (expr.op === 'not') return { ...expr, of: change(expr.of) };
    return expr.op === 'text' ? { ...expr, fact: factOf(expr.fact) } : expr;
  };
  const [plane] = model.planes;
  const stages = plane!.stages.map((stage) => {
    if (stage.kind === 'transport' || stage.kind === 'token') return stage;
    const policies = stage.policies.map((policy) => ({
      ...policy,
      rules: policy.rules.map((rule) => ({ ...rule, http: change(rule.http) })),
    }));
    return { ...stage, policies };
  });
  const ref = { dialect: 'istio', kind: 'RequestAuthentication', namespace: 'default', name: 'r' } as const;
  const policy = { ref, position: rules[0]!.position, owner: '', subject: { namespace: 'default', labels: [] }, rules };
  return { ...model, planes: [{ ...plane!, stages: [{ kind: 'token', policies: [policy] }, ...stages] }] };
}

const ruleOf = (issuer: string, fields: Partial<TokenRule>): TokenRule =>
  tokenRule('', {
    issuer: issuer && `https://${issuer}`,
    keys: { from: 'uri', id: issuer || 'a', uri: `https://${issuer || 'a'}/keys` },
    ...fields,
  });
const places: readonly Partial<TokenRule>[] = [
  {},
  { fromHeaders: [{ name: 'x-jwt', prefix: '' }] },
  {
    fromHeaders: [
      { name: 'x-jwt', prefix: 't=' },
      { name: 'authorization', prefix: 'Bearer ' },
    ],
    fromCookies: ['sid'],
  },
  { fromParams: ['access_token'], forwardOriginalToken: true },
];
const extras: readonly Partial<TokenRule>[] = [
  {},
  { audiences: ['x'] },
  { outputClaimToHeaders: [{ header: 'x-user', claim: 'sub' }] },
  { forwardOriginalToken: true, spaceDelimitedClaims: ['c', 'permission', 'scope', 'sub'] },
];
const arbitraryRules = fc
  .array(fc.tuple(fc.constantFrom('a', 'a', 'b', 'gone', ''), fc.constantFrom(...places), fc.constantFrom(...extras)), {
    minLength: 1,
    maxLength: 3,
  })
  .map((rules) => rules.map(([issuer, place, extra]) => ruleOf(issuer, { ...place, ...extra })));

/** Tokens of both issuers, good and bad. */
async function tokenPool({ mint }: TokenWorld): Promise<readonly string[]> {
  const payloads: readonly object[] = [
    { c: 'x' },
    { c: ['x', 'xy'], sub: 'xy' },
    { c: 5, sub: 'x' },
    { c: '', d: { c: 'y' } },
    { scope: 'x y', sub: 'xyx', aud: 'x' },
    { aud: ['y', 'x'], c: 'x y', d: { c: ['', 'x'] } },
    { exp: 1, c: 'x' },
    { sub: '-' },
  ];
  const good = await Promise.all(
    payloads.flatMap((each) => (['a', 'b'] as const).map((by) => mint(by, each as never))),
  ); // plain JSON
  return [...good, `${good[0]!.slice(0, -6)}AAAAAA`, 'junk', '', await mint('gone', { c: 'x' })];
}

describe('a tree for Envoy behind verified tokens', function () {
  this.timeout(0);
  let world: TokenWorld;
  let keySets: KeySets;
  let pool: readonly string[];

  before(async () => {
    world = await createTokenWorld();
    keySets = await world.keySetsOf(['a', 'b', 'gone'].map((issuer) => ruleOf(issuer, {})));
    pool = await tokenPool(world);
  });

  /** A request, with up to two tokens in it. */
  const requestOf = (facts: Facts, tokens: readonly (readonly [place: number, token: number])[]): NativeRequest => {
    const headers: (readonly [string, string])[] = [];
    const cookies: string[] = [];
    let path = facts.path ?? '/';
    for (const [place, number] of tokens) {
      const token = pool[number % pool.length]!;
      if (place === 0) headers.push(['authorization', `Bearer ${token}`]);
      else if (place === 1) headers.push(['x-jwt', token]);
      else if (place === 2) headers.push(['x-jwt', `t=${token}`]);
      else if (place === 3) path += `${path.includes('?') ? '&' : '?'}access_token=${token}`;
      else cookies.push(`sid=${token}`);
    }
    if (cookies.length > 0) headers.push(['cookie', cookies.join('; ')]);
    // Envoy joins the lines of this header before any filter.
    const bearers = headers.filter(([name]) => name === 'authorization').map(([, value]) => value);
    const others = headers.filter(([name]) => name !== 'authorization');
    const joined = bearers.length === 0 ? others : [['authorization', bearers.join(',')] as const, ...others];
    return { method: facts.method, path, host: facts.host ?? '', headers: joined };
  };

  it('decides as the snapshot does by what tokens say, or asks', () => {
    const seen = new Map<string, number>();
    const asked = fc.tuple(arbitraryIstioFacts, fc.array(fc.tuple(fc.nat(4), fc.nat(40)), { maxLength: 2 }));
    const judge = (
      model: PolicyModel,
      rules: readonly TokenRule[],
      requests: readonly [Facts, [number, number][]][],
    ) => {
      const whole = withClaims(model, rules);
      const { decide } = compileSnapshot(whole, { allowEmpty: true });
      const trees = treesOf(whole, workload, { ...settings, keySets: world.tokenKeysOf(keySets) });
      assert.ok(!('everything' in trees));
      for (const [base, tokens] of requests) {
        if (base.protocol === 'tcp') continue;
        const request = requestOf(base, tokens);
        const facts = factsWithTokens(request, keySets, {
          ...base,
          ...{ destination: workload, path: base.path ?? '/' },
          remoteAddress: base.sourceAddress, // nothing is forwarded
        });
        const shown = seenWithTokens(request, trees.providers, keySets, facts);
        const action = interpretTree(trees.http, shown);
        assert.ok(action, 'a tree ends in an action, always');
        const kind = `${tokens.length > 0 ? 'token' : 'none'} ${action.name.split(/[/#]/)[0]}`;
        seen.set(kind, (seen.get(kind) ?? 0) + 1);
        if (!action.name.startsWith('n:')) continue;
        const wanted = decide(facts);
        const about = `${action.name} where ${wanted.reason}: ${JSON.stringify(request)}`;
        assert.equal(action.effect, wanted.effect, about);
        const audited: Action | undefined = trees.audit && interpretTree(trees.audit, shown);
        assert.equal(audited?.effect === 'log', wanted.audit !== undefined, `audit: ${about}`);
      }
    };
    fc.assert(
      fc.property(arbitraryIstioModel, arbitraryRules, fc.array(asked, { minLength: 12, maxLength: 12 }), judge),
      { numRuns: MODELS, seed: SEED },
    );
    for (const wanted of [
      'token n:allow',
      'token n:deny',
      'token n:no-rule-allowed',
      'token ask:token',
      'none n:allow',
    ])
      assert.ok((seen.get(wanted) ?? 0) > 3, `${wanted} is seldom: ${JSON.stringify([...seen])}`);
  });
});
