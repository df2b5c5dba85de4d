import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { RequestForm } from '../../../src/admin-api/request-form.ts';
import { readLogLine } from '../../../src/analysis/replay/logged-decision.ts';
import { createLogReplay } from '../../../src/analysis/replay/replay.ts';
import type { ClaimValue } from '../../../src/authz/jwt/claims.ts';
import type { VerifyTokens } from '../../../src/authz/jwt/token-outcome.ts';
import type { QuestionOptions } from '../../../src/authz/question.ts';
import { createTokenRulesDigest } from '../../../src/authz/record/logged-facts.ts';
import { loggedCheck, openOptions } from '../../support/logged-check.ts';
import { arbitraryModelOfAll } from './arbitrary-model.ts';

const LOGS = Number(process.env['PROOFS'] ?? 30);
/** The same every time; `PROOFS_SEED=N` for others, as the long run takes. */
const SEED = Number(process.env['PROOFS_SEED'] ?? 1);

const principals = [
  '',
  'spiffe://cluster.local/ns/foo/sa/a',
  'spiffe://cluster.local/ns/foo/sa/b',
  'spiffe://cluster.local/ns/bar/sa/a',
  'spiffe://other.td/ns/foo/x/1/sa/a/t',
  'a.foo.svc',
];
const addresses = ['', '10.0.0.1', '10.0.1.1', '10.1.0.1', 'fd00::1', 'fd00:1::1'];
const values = fc.array(fc.constantFrom('', 'x', 'xy', 'y', 'xyx'), { maxLength: 2 });
const long = `/a/${'b'.repeat(600)}`;

const http = fc.record({
  method: fc.constantFrom('GET', 'POST', 'get'),
  path: fc.constantFrom('/', '/a', '/a/b?q=x', '/a//b', '/a/b/c#x', '/x/y/z', '/a/eyJhbGciOi.x.y', long),
  host: fc.constantFrom('', 'a.com', 'A.com', 'b.a.com', 'a.com:80'),
  headers: fc.record({ h1: values, h2: values }),
});

const request: fc.Arbitrary<RequestForm> = fc
  .record({
    protocol: fc.constantFrom('TCP' as const, 'UDP' as const),
    principal: fc.constantFrom(...principals),
    address: fc.constantFrom(...addresses),
    to: fc.constantFrom(...addresses),
    port: fc.constantFrom(0, 80, 8080),
    labels: fc.constantFrom<Record<string, string>>({}, { app: 'details' }, { app: 'other' }),
    http: fc.option(http, { nil: undefined }),
    forwarded: fc.constantFrom('', '10.0.0.1', '10.1.0.1, 10.0.1.1'),
    sni: fc.constantFrom('', 'x', 'XY'),
  })
  .map(({ protocol, principal, address, to, port, labels, http: asked, forwarded, sni }) => ({
    ...(asked === undefined && { protocol }),
    source: { principal, address, port: 40_000 },
    destination: { principal: 'spiffe://cluster.local/ns/default/sa/details', address: to, port, labels },
    ...(asked && {
      http: { ...asked, headers: { ...asked.headers, ...(forwarded !== '' && { 'x-forwarded-for': forwarded }) } },
    }),
    ...(sni !== '' && { tls: { sni } }),
  }));

interface Token {
  readonly outcome: 'none' | 'accepted' | 'rejected';
  readonly claims: readonly string[];
}
const token: fc.Arbitrary<Token> = fc.record({
  outcome: fc.constantFrom('none' as const, 'accepted' as const, 'accepted' as const, 'rejected' as const),
  claims: values,
});
const effects = { headersToRemove: [], headersToSet: [], queryParametersToRemove: [], pathAfter: undefined };
const verifierOf =
  (token: () => Token): VerifyTokens =>
  (_, rules) => {
    const { outcome, claims } = token();
    const unknownKid = undefined;
    if (rules.length === 0 || outcome === 'none') return { outcome: 'none', effects, unknownKid };
    if (outcome === 'rejected') return { outcome, status: 403, body: '', wwwAuthenticate: '', details: '', unknownKid };
    const read = new Map<string, ClaimValue>([['c', claims]]);
    return { outcome, rule: rules[0]!, claims: read, requestPrincipal: '', effects, unknownKid };
  };

const options: fc.Arbitrary<QuestionOptions> = fc
  .record({
    peerTrustDomains: fc.constantFrom('any' as const, 'any' as const, 'own' as const),
    ambiguousRequests: fc.constantFrom('asUpstream' as const, 'deny' as const),
  })
  .map((chosen) => ({ ...openOptions, ...chosen }));

const world = fc.record({
  before: arbitraryModelOfAll,
  after: arbitraryModelOfAll,
  isSame: fc.boolean(),
  shown: fc.constantFrom('none' as const, 'names' as const, 'hashes' as const, 'values' as const),
  was: options,
  is: options,
  hasConfig: fc.boolean(),
  asked: fc.array(fc.tuple(request, token, token), { minLength: 6, maxLength: 6 }),
});

describe('a replay of the log', () => {
  it('says what a server with the other policies really decides, or that it cannot be said', () => {
    const seen = { same: 0, differs: 0, unknown: 0 };
    const byShown = new Map<string, { said: number; open: number }>();
    fc.assert(
      fc.property(world, ({ before, after, isSame, shown, was, is, hasConfig, asked }) => {
        const model = isSame ? before : { ...after, generation: 2 };
        const digestOf = [before, model].map((each) => createTokenRulesDigest(each)('default'));
        const replay = createLogReplay({
          model,
          allowEmpty: true,
          ownPrefixes: openOptions.ownPrefixes,
          options: hasConfig ? is : undefined,
        });
        let bears: Token = { outcome: 'none', claims: [] };
        const verifyTokens = verifierOf(() => bears);
        const askBefore = loggedCheck({ model: before, options: was, shown, verifyTokens });
        const askNow = loggedCheck({ model, options: hasConfig ? is : was, verifyTokens });
        for (const [form, fared, faresNow] of asked) {
          bears = fared;
          const { line } = askBefore(form);
          const read = readLogLine(line);
          assert.equal(read.is, 'decision', line);
          if (read.is !== 'decision') return;
          const replayed = replay.decide(read.decision);
          seen[replayed.result]++;
          const count = byShown.get(shown) ?? { said: 0, open: 0 };
          byShown.set(shown, count);
          if (replayed.result === 'unknown') {
            count.open++;
            continue;
          }
          count.said++;
          if (digestOf[0] !== digestOf[1]) bears = faresNow;
          const real = askNow(form);
          assert.equal(replayed.now.effect, real.decision, `${line} ${JSON.stringify(replayed)} ${real.line}`);
          assert.equal(replayed.result === 'same', read.decision.decision === real.decision);
        }
      }),
      { numRuns: LOGS, seed: SEED, endOnFailure: true },
    );
    assert.ok(
      Object.values(seen).every((count) => count > 2),
      JSON.stringify(seen),
    );
    const shareOf = (shown: string): number => {
      const { said, open } = byShown.get(shown)!;
      return said / (said + open);
    };
    assert.ok(shareOf('values') > shareOf('names') && shareOf('names') > shareOf('none'), JSON.stringify([...byShown]));
  });
});
