import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { checkClient, question } from '../../support/check-client.ts';
import { startChild } from '../../support/child.ts';
import { type GatehouseDir, gatehouseDir } from '../../support/gatehouse-dir.ts';
import { openssl } from '../../support/openssl.ts';
import { gatehouseCommand, type RunningGatehouse, runGatehouse } from '../../support/run-gatehouse.ts';

const details = 'spiffe://cluster.local/ns/default/sa/details';
const reviews = 'spiffe://cluster.local/ns/default/sa/reviews';
const selectors = [`unix:uid:${process.geteuid?.() ?? -1}`];

async function run(...args: readonly string[]) {
  await using child = startChild(...gatehouseCommand(...args));
  const code = await child.ended;
  return { code, out: child.stdout(), err: child.stderr() };
}

describe('tokens, bundles and edges on the command line', function () {
  this.timeout(300_000);
  let dir: GatehouseDir;
  let server: RunningGatehouse;

  before(async () => {
    dir = await gatehouseDir({
      entries: [
        { spiffeId: details, selectors, hint: 'internal', jwtSvidTtl: '90s' },
        { spiffeId: reviews, selectors, hint: 'external' },
      ],
    });
    server = await runGatehouse(dir.config);
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    await dir[Symbol.asyncDispose]();
  });
  const ask = (...args: readonly string[]) => run(...args, '--config', dir.config);

  it('jwt fetch, jwt validate: the token of the chosen entry, for its life, is whose it says and for whom', async () => {
    const fetched = await ask('jwt', 'fetch', '--audience', 'a', '--audience', 'b', '--hint', 'internal');
    assert.equal(fetched.code, 0, fetched.err);
    assert.match(fetched.out, /^[\w-]+\.[\w-]+\.[\w-]+\n$/, 'nothing but the token');
    const token = fetched.out.trim();
    const { iat, exp } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {
      iat: number;
      exp: number;
    };
    assert.ok(exp - iat <= 90 && exp - iat >= 88, `it lives ${exp - iat} s`);
    const valid = await ask('jwt', 'validate', '--audience', 'b', token, '--output', 'json');
    const told = JSON.parse(valid.out) as { valid: boolean; spiffeId: string; claims: { aud: unknown } };
    assert.deepEqual([valid.code, told.valid, told.spiffeId, told.claims.aud], [0, true, details, ['a', 'b']]);
    const other = await ask('jwt', 'validate', '--audience', 'c', token, '--output', 'json');
    assert.deepEqual([other.code, (JSON.parse(other.out) as { valid: boolean }).valid], [1, false]);
    const broken = await ask('jwt', 'validate', '--audience', 'b', `${token.slice(0, -8)}AAAAAAAA`);
    assert.deepEqual([broken.code, /^not valid: .*signature/.test(broken.out)], [1, true], broken.out);
    const none = await ask('jwt', 'fetch', '--audience', 'a', '--id', 'spiffe://cluster.local/other');
    assert.deepEqual([none.code, none.out], [1, '']);
  });

  it('svid fetch --id: leaves the SVID of that ID', async () => {
    const written = await ask('svid', 'fetch', '--id', reviews, '--write', dir.at('svid'));
    assert.equal(written.code, 0, written.err);
    assert.match(openssl(['x509', '-in', dir.at('svid/svid.pem'), '-noout', '-ext', 'subjectAltName']).text, /reviews/);
    const none = await ask('svid', 'fetch', '--hint', 'nowhere');
    assert.equal(none.code, 1);
    assert.match(none.err, /yours: .*details \(hint internal\)/);
  });

  it('bundle show: the fingerprint is that of openssl, the JWK Set has both kinds', async () => {
    const pem = await ask('bundle', 'show', '--format', 'pem');
    assert.equal(pem.code, 0, pem.err);
    writeFileSync(dir.at('bundle.pem'), pem.out);
    const sha256 = openssl(['x509', '-in', dir.at('bundle.pem'), '-noout', '-fingerprint', '-sha256'])
      .text.split('=')[1]
      ?.trim()
      .replaceAll(':', '')
      .toLowerCase();
    const shown = JSON.parse((await ask('bundle', 'show', '--output', 'json')).out) as {
      bundles: { trustDomain: string; x509Authorities: { sha256: string }[]; jwtAuthorities: unknown[] }[];
    };
    assert.deepEqual(
      shown.bundles.map((each) => [each.trustDomain, each.x509Authorities[0]?.sha256, each.jwtAuthorities.length]),
      [['cluster.local', sha256, 1]],
    );
    const jwks = JSON.parse((await ask('bundle', 'show', '--format', 'jwks')).out) as { keys: { use: string }[] };
    assert.deepEqual(
      jwks.keys.map(({ use }) => use),
      ['x509-svid', 'jwt-svid'],
    );
    assert.equal((await ask('bundle', 'show', '--trust-domain', 'other')).code, 2);
  });

  it('edges: counts who asked for whom', async () => {
    using client = checkClient(server.ready.extAuthz);
    for (const method of ['GET', 'POST', 'POST']) await client.ask(question(method));
    const { edges } = JSON.parse((await ask('edges', '--output', 'json')).out) as {
      edges: { destination: string; decision: string; count: number }[];
    };
    assert.deepEqual(
      edges.map((each) => [each.destination, each.decision, each.count]).sort((a, b) => Number(a[2]) - Number(b[2])),
      [
        [details, 'allow', 1],
        [details, 'deny', 2],
      ],
    );
    const denied = await ask('edges', '--deny');
    assert.match(denied.out, /deny/);
    assert.doesNotMatch(denied.out, /allow/);
  });
});
