import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { bundleToJwks } from '../../../src/spiffe/bundle-jwks.ts';
import { makeWebCertificate, startBundleServer } from '../../support/bundle-server.ts';
import { type CommandEnd, commandLineOf } from '../../support/command-of.ts';
import { eventually } from '../../support/eventually.ts';
import { foreignBundle } from '../../support/foreign-bundle.ts';
import { type GatehouseDir, gatehouseDir } from '../../support/gatehouse-dir.ts';
import { startPostgres } from '../../support/postgres.ts';
import { runGatehouse } from '../../support/run-gatehouse.ts';

const done = async (end: Promise<CommandEnd>): Promise<string> => {
  const { code, out, err } = await end;
  assert.equal(code, 0, out + err);
  return out;
};

/** The bundles that a caller of a replica is given, by their trust domain. */
async function givenBy(dir: GatehouseDir): Promise<Readonly<Record<string, string>>> {
  const out = await done(commandLineOf(dir.config)('svid', 'fetch', '--output', 'json'));
  return (JSON.parse(out) as { federatedBundles: Record<string, string> }).federatedBundles;
}

describe('bundles of other trust domains, on PostgreSQL', function () {
  this.timeout(300_000);

  it('are those of all replicas: fetched by one that can, set by hand at one, and gone from all', async () => {
    await using stack = new AsyncDisposableStack();
    const database = stack.use(await startPostgres());
    const kek = randomBytes(32).toString('base64');
    const me = `unix:uid:${process.geteuid?.() ?? -1}`;
    const [byEndpoint, byHand] = ['fetched.example', 'byhand.example'];
    const replica = async (): Promise<GatehouseDir> => {
      const dir = stack.use(await gatehouseDir());
      writeFileSync(dir.at('kek'), kek);
      return dir;
    };
    const configure = (dir: GatehouseDir, url: string) =>
      dir.configure({
        store: database.url,
        authority: { keyEncryptionKeyFile: './kek' },
        extAuthz: { workers: 1 },
        federation: { trustDomains: { [byEndpoint]: { url, profile: 'https_web', ca: './web.pem' } } },
        entries: [
          {
            ...{ spiffeId: 'spiffe://cluster.local/ns/default/sa/a', selectors: [me] },
            federatesWith: [byEndpoint, byHand],
          },
        ],
      });
    const [a, b] = [await replica(), await replica()];
    for (const dir of [a, b]) makeWebCertificate(dir, 'web');
    const endpoint = stack.use(await startBundleServer(a, 'web'));
    const bundle = { ...foreignBundle(byEndpoint, 9), refreshHintSeconds: 1 };
    let document = bundleToJwks(bundle);
    endpoint.answer = (_, response) => void response.writeHead(200).end(document);
    await configure(a, endpoint.url);
    await configure(b, endpoint.url); // whose certificate it does not know: it believes nothing there
    const first = stack.use(await runGatehouse(a.config));
    stack.use(await runGatehouse(b.config));

    for (const dir of [a, b])
      await eventually(
        'the one that the first has fetched',
        async () => Object.keys(await givenBy(dir)).includes(`spiffe://${byEndpoint}`) || undefined,
      );
    writeFileSync(b.at('byhand.json'), bundleToJwks(foreignBundle(byHand)));
    await done(commandLineOf(b.config)('bundle', 'set', byHand, b.at('byhand.json'), '--reason', 'by phone'));
    const both = [byEndpoint, byHand].map((name) => `spiffe://${name}`).toSorted();
    for (const dir of [b, a])
      await eventually(
        'the one that was set at the second',
        async () =>
          Object.keys(await givenBy(dir))
            .toSorted()
            .join() === both.join() || undefined,
      );
    assert.deepEqual(await givenBy(a), await givenBy(b));

    const before = (await givenBy(b))[`spiffe://${byEndpoint}`];
    document = bundleToJwks({ ...bundle, sequence: 10, x509Authorities: foreignBundle(byEndpoint).x509Authorities });
    const after = await eventually('the next that the first fetches', async () => {
      const now = (await givenBy(b))[`spiffe://${byEndpoint}`];
      return now === before ? undefined : now;
    });
    await first.stop('SIGKILL');
    assert.equal((await givenBy(b))[`spiffe://${byEndpoint}`], after, 'it outlives who fetched it');
    await done(commandLineOf(b.config)('bundle', 'delete', byHand, '--reason', 'ended'));
    stack.use(await runGatehouse(a.config));
    for (const dir of [a, b]) assert.deepEqual(Object.keys(await givenBy(dir)), [`spiffe://${byEndpoint}`]);
  });
});
