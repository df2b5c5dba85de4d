import assert from 'node:assert/strict';
import type { KeySets } from '../../../src/authz/state.ts';
import { compileSnapshot } from '../../../src/policy/compile/compile-snapshot.ts';
import { jwtAuthn } from '../../../src/policy/compile-envoy/tokens/jwt-authn.ts';
import { interpretTree } from '../../../src/policy/compile-envoy/tree/interpret-tree.ts';
import { treesOf, type WorkloadTrees } from '../../../src/policy/compile-envoy/workload-trees.ts';
import type { PolicyModel, TokenRule } from '../../../src/policy/model.ts';
import { tokenRulesOf } from '../../../src/server/policy/token-rules.ts';
import { askHeaders, type NativeRequest, outcomeOf, runNativeEnvoy, shownHeaders } from '../../support/native-envoy.ts';
import { istioModel, workload } from '../../support/native-model.ts';
import { makeCertificate } from '../../support/openssl-ca.ts';
import { tempDir } from '../../support/temp-dir.ts';
import {
  createTokenWorld,
  factsWithTokens,
  requestAuthentication,
  seenWithTokens,
  type TokenWorld,
  tokenRuleOf,
} from '../../support/token-world.ts';

const policy = (name: string, action: string, ...rules: readonly string[]): string =>
  `---\napiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: ${name}, namespace: default}\nspec: {action: ${action}, rules: [${rules.join(', ')}]}\n`;
const by = (...principals: readonly string[]): string =>
  `{from: [{source: {requestPrincipals: ${JSON.stringify(principals)}}}]}`;
const when = (key: string, ...values: readonly string[]): string =>
  `{when: [{key: ${JSON.stringify(key)}, values: ${JSON.stringify(values)}}]}`;
const unless = (key: string, ...values: readonly string[]): string =>
  `{when: [{key: ${JSON.stringify(key)}, notValues: ${JSON.stringify(values)}}]}`;

/** The rules for tokens, by world. */
const worlds: Readonly<Record<string, string>> = {
  one: requestAuthentication(tokenRuleOf('a')),
  two: requestAuthentication(tokenRuleOf('b'), tokenRuleOf('a')),
  places: requestAuthentication(
    tokenRuleOf(
      'a',
      ', fromHeaders: [{name: x-jwt}, {name: authorization, prefix: "Bearer "}], fromParams: [access_token], fromCookies: [sid], outputPayloadToHeader: x-payload, outputClaimToHeaders: [{header: x-user, claim: sub}]',
    ),
    tokenRuleOf('b', ', fromHeaders: [{name: x-other}]'),
  ),
  kept: requestAuthentication(
    tokenRuleOf('a', ', forwardOriginalToken: true, audiences: [api], spaceDelimitedClaims: [words, sub]'),
  ),
  'one issuer in two rules': requestAuthentication(
    tokenRuleOf('a', ', audiences: [api]'),
    tokenRuleOf('a', ', audiences: [other], fromHeaders: [{name: x-jwt}]'),
  ),
  'no keys of one': requestAuthentication(
    tokenRuleOf('a'),
    tokenRuleOf('gone', ', outputClaimToHeaders: [{header: x-user, claim: sub}]'),
  ),
};

const policies = [
  policy('banned', 'DENY', when('request.auth.claims[group]', 'banned'), when('request.auth.claims[deep][role]', 'r*')),
  policy(
    'demands',
    'DENY',
    '{from: [{source: {notRequestPrincipals: ["*"]}}], to: [{operation: {paths: ["/must/*"]}}]}',
  ),
  policy(
    'some',
    'ALLOW',
    by('https://a/alice', 'https://a/al*', '*/bob', 'https://b/*'),
    when('request.auth.claims[group]', 'admins'),
    when('request.auth.audiences', 'api'),
    when('request.auth.presenter', 'p*'),
    when('request.auth.claims[scope]', 'read'),
    when('request.auth.claims[words]', 'two words', 'x'),
    when('request.auth.claims[n]', '5', 'true'),
    '{to: [{operation: {paths: ["/open/*"]}}]}',
  ),
  policy(
    'strange',
    'ALLOW',
    `{to: [{operation: {methods: [PUT]}}], ${unless('request.auth.claims[deep][role]', '*').slice(1)}`,
  ),
].join('');

interface Asked {
  readonly name: string;
  readonly request: NativeRequest;
}

/** Tokens in all places, alone and together. */
async function requests({ mint }: TokenWorld): Promise<readonly Asked[]> {
  const payloads: Readonly<Record<string, object>> = {
    alice: { sub: 'alice' },
    albert: { sub: 'albert', aud: 'api' },
    dash: { sub: '-' },
    nobody: {},
    admin: { sub: 'x', group: ['x', 'admins'] },
    'admin as text': { sub: 'x', group: 'admins' },
    banned: { sub: 'alice', group: ['admins', 'banned'] },
    deep: { sub: 'alice', deep: { role: ['root', 5] } },
    'deep within a list': { sub: 'x', deep: [{ role: 'root' }] },
    scope: { sub: 'x', scope: 'write read', words: 'two words' },
    'words in a list': { sub: 'x', words: ['two words'] },
    numbers: { sub: 'x', n: 5, group: [5, true, null, { a: 'admins' }] },
    presenter: { sub: 'x', azp: 'pete', aud: ['other', 'z'] },
    'another audience': { sub: 'alice', aud: 'other' },
    expired: { sub: 'alice', exp: 1 },
    'not text': { sub: 5 },
  };
  const tokens: [string, string][] = [];
  for (const [name, payload] of Object.entries(payloads)) {
    tokens.push([`a ${name}`, await mint('a', payload as never)]); // plain JSON
    tokens.push([`b ${name}`, await mint('b', payload as never)]);
  }
  const good = tokens[0]![1];
  const other = await mint('b', { sub: 'bob' });
  tokens.push(['changed', `${good.slice(0, -8)}AAAAAAAA`], ['junk', 'junk'], ['empty', '']);
  tokens.push(
    ['of nobody', await mint('gone', { sub: 'alice' })],
    ['of another', await mint('a', { iss: 'https://b', sub: 'bob' })],
  );
  const make = (name: string, headers: NativeRequest['headers'], path = '/x', method = 'GET'): Asked => ({
    name,
    request: { method, path, host: 'judge.example', headers },
  });
  const bearer = (token: string) => ['authorization', `Bearer ${token}`.trim()] as const;
  const large = await mint('a', { sub: 'alice', pad: 'x'.repeat(13_000) });
  return [
    ...['/x', '/open/1', '/must/1'].map((path) => make(`nothing ${path}`, [], path)),
    make('nothing, PUT', [], '/x', 'PUT'),
    make('another scheme', [['authorization', 'Basic abc']], '/open/1'),
    make(
      'forged',
      [
        ['x-user', 'root'],
        ['x-payload', 'e30'],
      ],
      '/open/1',
    ),
    make('forged beside a token', [['x-user', 'root'], bearer(good)], '/open/1'),
    ...tokens.flatMap(([name, token]) => [
      make(`${name} in authorization`, [bearer(token)]),
      make(`${name} in authorization, PUT`, [bearer(token)], '/must/1', 'PUT'),
      make(`${name} in x-jwt`, [['x-jwt', token]]),
      make(`${name} in x-other`, [['x-other', token]], '/open/2'),
      make(`${name} in the query`, [], `/must/q?z=1&access_token=${token}&b=%20`),
      make(`${name} in a cookie`, [['cookie', `a=b; sid=${token}`]]),
      make(`${name} beside a good one`, [bearer(token), ['x-jwt', good]]),
      make(`${name} behind a good one`, [['x-jwt', token], bearer(good)]),
      make(`${name} beside one of b`, [bearer(token), ['x-other', other]]),
    ]),
    make('two lines', [bearer(good), bearer(good)]),
    make('two lines of x-jwt', [
      ['x-jwt', good],
      ['x-jwt', good],
    ]),
    make('an escaped name', [], `/open/1?%61ccess_token=${good}`),
    make(
      'a preflight',
      [['origin', 'x'], ['access-control-request-method', 'GET'], bearer('junk')],
      '/open/1',
      'OPTIONS',
    ),
    make(
      'a preflight without a token',
      [
        ['origin', 'x'],
        ['access-control-request-method', 'GET'],
      ],
      '/open/1',
      'OPTIONS',
    ),
    make('a good one again', [bearer(good)]),
    make('a large one', [bearer(large)]),
    make('a large request', [bearer(good), ['x-pad', 'x'.repeat(15_500)]]),
  ];
}

interface World {
  readonly name: string;
  readonly model: PolicyModel;
  readonly keySets: KeySets;
  readonly trees: WorkloadTrees;
  readonly rules: readonly TokenRule[];
}

describe('tokens in Envoy', function () {
  this.timeout(300_000);

  it('are judged by jwt_authn and the tree as Check judges them, or asked about; what passes is changed alike', async () => {
    const tokens = await createTokenWorld();
    const made = await Promise.all(
      Object.entries(worlds).map(async ([name, text], i): Promise<World> => {
        const model = istioModel(text + policies);
        const rules = tokenRulesOf(model);
        const keySets = await tokens.keySetsOf(rules);
        const trees = treesOf(model, workload, { ...settings, keySets: tokens.tokenKeysOf(keySets) });
        if ('everything' in trees) throw new Error(`${name}: ${trees.everything}`);
        return { name: `w${i}`, model, keySets, trees, rules };
      }),
    );
    await using dir = await tempDir();
    makeCertificate(dir, { name: 'roots', commonName: 'roots' });
    makeCertificate(dir, { name: 'server', issuer: 'roots', extensions: 'subjectAltName=DNS:localhost\n' });
    await using envoy = await runNativeEnvoy(
      dir,
      made.map(({ name, trees }) => ({ name, ...trees, tokens: jwtAuthn(trees.providers) })),
    );
    const asked = await requests(tokens);
    const problems: string[] = [];
    const seen = new Map<string, number>();
    for (const world of made) {
      const { decide } = compileSnapshot(world.model, { allowEmpty: true });
      const port = await envoy.port(`${world.name}.http`);
      for (const { name, request } of asked) {
        const headers = await askHeaders(port, undefined, request);
        const got = outcomeOf(headers);
        const facts = factsWithTokens(request, world.keySets, { destinationPort: port, destination: workload });
        const { effect, reason } = decide(facts);
        const about = `${worldNames[made.indexOf(world)]}: ${name}: ${got}`;
        const walked = interpretTree(
          world.trees.http,
          seenWithTokens(request, world.trees.providers, world.keySets, facts),
        );
        const kind = got.split(/[/#]/)[0]!;
        seen.set(kind, (seen.get(kind) ?? 0) + 1);
        if (got === '') problems.push(`${about}${String(headers['x-details'])}`);
        if (got !== `${walked?.effect} ${walked?.name}`) problems.push(`${about}, our walk ${walked?.name}`);
        if (!got.includes(' n:')) continue;
        if (!got.startsWith(effect)) problems.push(`${about}, the decision ${effect} ${reason}`);
        if (effect === 'deny') continue;
        for (const shown of [':path', ...shownHeaders]) {
          const ours = facts.header(shown)[0] ?? ''; // Envoy shows the first
          const theirs = String(headers[`seen-${shown.replace(':', '')}`] ?? '');
          if (ours !== theirs) problems.push(`${about}, ${shown} is ${theirs}, of Check ${ours}`);
        }
      }
    }
    assert.deepEqual(problems.slice(0, 20), [], `${problems.length} problems, ${JSON.stringify([...seen])}`);
    for (const [kind, least] of Object.entries(wanted))
      assert.ok((seen.get(kind) ?? 0) >= least, `${kind}: ${JSON.stringify([...seen])}`);
  });
});

const worldNames = Object.keys(worlds);
const settings = {
  trustDomains: ['cluster.local'],
  verifyPeer: 'off',
  peerTrustDomains: 'any',
  ambiguousRequests: 'asUpstream',
  allowEmpty: true,
} as const;
/** Of these at least so many, else little was tried. */
const wanted = { 'allow n:allow': 100, 'deny n:deny': 50, 'deny n:no-rule-allowed': 100, 'allow ask:token': 100 };
