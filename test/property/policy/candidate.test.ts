import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type CandidateResult, candidateResults } from '../../../src/authz/candidate/difference.ts';
import type { KeySets } from '../../../src/authz/state.ts';
import { type Asked, asker, inlineKeySets } from '../../support/asked.ts';
import { type Issuing, issuingKey, keySetText, mint } from '../../support/tokens.ts';

/** A seed for each run where none is given: what fails names it. */
const SEED = Number(process.env['CANDIDATE_SEED'] ?? 19);
const RUNS = Number(process.env['CANDIDATE_RUNS'] ?? 60);

const document = (kind: string, name: string, spec: object): string =>
  JSON.stringify({ apiVersion: 'security.istio.io/v1', kind, metadata: { name, namespace: 'foo' }, spec });

const allow = (name: string, rules: readonly object[], action = 'ALLOW'): string =>
  document('AuthorizationPolicy', name, { action, rules });

const sleep = 'cluster.local/ns/foo/sa/sleep';

/** Policies that meet often, tokens in different places of which some go on to the workload and some do not. */
function pool(jwks: string): readonly string[] {
  const tokens = (name: string, rule: object): string =>
    document('RequestAuthentication', name, { jwtRules: [{ issuer: 'https://issuer.example', jwks, ...rule }] });
  return [
    allow('gets', [{ to: [{ operation: { methods: ['GET'] } }] }]),
    allow('sleep', [{ from: [{ source: { principals: [sleep] } }] }]),
    allow('posts', [{ from: [{ source: { principals: [sleep] } }], to: [{ operation: { methods: ['POST'] } }] }]),
    allow('paths', [{ to: [{ operation: { paths: ['/a', '/b/*'] } }] }]),
    allow('no-admin', [{ to: [{ operation: { paths: ['/admin*'] } }] }], 'DENY'),
    allow('hosts', [{ to: [{ operation: { hosts: ['example.com'] } }] }]),
    allow('not-b', [{ to: [{ operation: { hosts: ['B.example'] } }] }], 'DENY'),
    allow('team', [{ when: [{ key: 'request.auth.claims[team]', values: ['red'] }] }]),
    allow('no-header', [{ when: [{ key: 'request.headers[x-out]', notValues: ['*'] }] }], 'DENY'),
    allow('nobody-without', [{ from: [{ source: { notRequestPrincipals: ['*'] } }] }], 'DENY'),
    tokens('usual', {}),
    tokens('onward', { forwardOriginalToken: true, outputPayloadToHeader: 'x-out' }),
    tokens('by-query', { fromParams: ['access_token'] }),
    tokens('audience', { audiences: ['shop'] }),
  ];
}

const requests = (tokens: readonly string[]): fc.Arbitrary<Asked> =>
  fc.record({
    principal: fc.constantFrom('', `spiffe://${sleep}`, 'spiffe://cluster.local/ns/bar/sa/other'),
    method: fc.constantFrom('GET', 'POST'),
    path: fc.constantFrom('/a', '/b/c', '/admin', '/a//b', ...tokens.map((each) => `/a?x=1&access_token=${each}`)),
    host: fc.constantFrom('example.com', 'Example.com:80', 'b.example', 'B.example'),
    lines: fc.constantFrom<NonNullable<Asked['lines']>>(
      [],
      [['x-out', 'forged']],
      ...tokens.map((each) => [['authorization', `Bearer ${each}`]] as const),
    ),
    tcp: fc.constantFrom(false, false, false, true),
  });

/** What an observer of both servers would say. */
function resultOf(inForce: string, candidate: string): CandidateResult {
  const isAllowed = (answer: string): boolean => answer.includes('"okResponse"');
  if (isAllowed(inForce) !== isAllowed(candidate)) return isAllowed(inForce) ? 'allow_to_deny' : 'deny_to_allow';
  return inForce === candidate ? 'same' : 'other_answer';
}

describe('a candidate set', function () {
  this.timeout(120_000);
  let key: Issuing;
  let documents: readonly string[];
  let tokens: readonly string[];
  let keySets: KeySets;

  before(async () => {
    key = await issuingKey('ES256');
    documents = pool(keySetText(key.jwk));
    const claims = { iss: 'https://issuer.example', exp: Math.floor(Date.now() / 1000) + 3_600 };
    tokens = await Promise.all([
      mint(key, { ...claims, sub: 'a', team: 'red' }),
      mint(key, { ...claims, sub: 'b', aud: 'shop' }),
      mint(await issuingKey('ES256'), { ...claims, sub: 'forged' }),
      mint(key, { ...claims, iss: 'https://stranger.example' }),
    ]);
    keySets = await inlineKeySets(documents);
  });

  it('says of every request what a second server says that runs it, and leaves the answer as it is', () => {
    const seen = new Map<CandidateResult, number>();
    fc.assert(
      fc.property(
        fc.subarray([...documents], { minLength: 1 }),
        fc.subarray([...documents], { minLength: 1 }),
        fc.array(requests(tokens), { minLength: 30, maxLength: 30 }),
        fc.constantFrom('asUpstream' as const, 'deny' as const),
        (inForce, candidate, asked, ambiguousRequests) => {
          const options = { keySets, ambiguousRequests };
          const alone = asker(inForce, options);
          const second = asker(candidate, options);
          const both = asker(inForce, { ...options, candidate });
          for (const request of asked) {
            const [wanted, other] = [alone.answerTo(request), second.answerTo(request)];
            assert.equal(both.answerTo(request), wanted);
            const { counts, rows } = both.comparison.take();
            const result = resultOf(wanted, other);
            seen.set(result, (seen.get(result) ?? 0) + 1);
            const said = candidateResults.filter((_, i) => counts[i]! > 0);
            assert.deepEqual(said, [result], JSON.stringify({ wanted, other }));
            assert.equal(rows.length, result === 'same' ? 0 : 1);
            assert.equal(
              rows[0]?.candidate.decision.effect ?? wanted.includes('okResponse'),
              rows.length === 0 ? wanted.includes('okResponse') : other.includes('okResponse') ? 'allow' : 'deny',
            );
          }
        },
      ),
      { seed: SEED, numRuns: RUNS },
    );
    for (const result of ['same', 'allow_to_deny', 'deny_to_allow', 'other_answer'] as const)
      assert.ok((seen.get(result) ?? 0) > 0, `no ${result} among ${JSON.stringify([...seen])}`);
  });
});
