import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { bundleToJwks } from '../../../src/spiffe/bundle-jwks.ts';
import { makeWebCertificate, startBundleServer } from '../../support/bundle-server.ts';
import { checkClient, question } from '../../support/check-client.ts';
import { commandLineOf } from '../../support/command-of.ts';
import { eventually } from '../../support/eventually.ts';
import { foreignBundle } from '../../support/foreign-bundle.ts';
import { allowing, gatehouseDir, usualListeners } from '../../support/gatehouse-dir.ts';
import { runGatehouse } from '../../support/run-gatehouse.ts';

const uid = process.geteuid?.() ?? -1;
const entry = (trustDomain: string, ...federatesWith: string[]) => ({
  ...{ spiffeId: `spiffe://${trustDomain}/ns/default/sa/a`, selectors: [`unix:uid:${uid}`], federatesWith },
});

interface Row {
  readonly trustDomain: string;
  readonly from: string;
  readonly sequence: string | null;
  readonly entries: number;
  readonly x509Authorities: number;
  readonly endpoint: { readonly failure: string | null; readonly keptOut: string | null } | null;
}

describe('federation of two servers', function () {
  this.timeout(300_000);

  it('fetches the bundle of another Gatehouse under https_spiffe through a rotation there, keeps it over a restart, and gives it to entries that federate', async () => {
    await using far = await gatehouseDir({
      trustDomain: 'other.example',
      authority: { refreshHint: '1s' },
      entries: [entry('other.example')],
      tls: { dnsNames: ['localhost'] },
      listen: { ...usualListeners, bundle: '127.0.0.1:0' },
    });
    let farServer = await runGatehouse(far.config);
    const askFar = commandLineOf(far.config);
    const url = `https://localhost:${farServer.ready.bundle?.split(':').at(-1)}/`;
    const here = {
      federation: {
        trustDomains: {
          'other.example': {
            ...{ url, profile: 'https_spiffe', endpointSpiffeId: 'spiffe://other.example/gatehouse/authority' },
          },
        },
      },
      entries: [entry('cluster.local', 'other.example')],
    };
    await using near = await gatehouseDir(here);
    let nearServer = await runGatehouse(near.config);
    const ask = commandLineOf(near.config);
    const rows = async (): Promise<readonly Row[]> =>
      (JSON.parse((await ask('bundle', 'list', '--output', 'json')).out) as { bundles: Row[] }).bundles;

    const waiting = (await rows()).find(({ trustDomain }) => trustDomain === 'other.example');
    assert.equal(waiting?.from, 'none');
    assert.match(waiting.endpoint?.failure ?? '', /gatehouse bundle set other.example FILE/);
    writeFileSync(near.at('other.json'), (await askFar('bundle', 'show', '--format', 'jwks')).out);
    const set = await ask('bundle', 'set', 'other.example', near.at('other.json'), '--reason', 'first');
    assert.equal(set.code, 0, set.err);
    const federated = async (): Promise<Record<string, string>> =>
      (JSON.parse((await ask('svid', 'fetch', '--output', 'json')).out) as { federatedBundles: Record<string, string> })
        .federatedBundles;
    assert.deepEqual(Object.keys(await federated()), ['spiffe://other.example']);

    assert.equal((await askFar('ca', 'prepare')).code, 0);
    const rotated = await eventually('the new root over there is here', async () => {
      const pem = (await federated())['spiffe://other.example'] ?? '';
      return pem.split('BEGIN CERTIFICATE').length === 3 ? pem : undefined;
    });
    assert.equal((await askFar('bundle', 'show', '--format', 'pem')).out, rotated);

    assert.equal(await farServer.stop(), 0);
    assert.equal(await nearServer.stop('SIGKILL'), 'SIGKILL');
    nearServer = await runGatehouse(near.config);
    assert.equal((await federated())['spiffe://other.example'], rotated);
    const audit = (await ask('ca', 'log')).out;
    assert.match(audit, /bundle set/);
    assert.match(audit, /bundle fetch/);

    const gone = await ask('bundle', 'delete', 'other.example', '--reason', 'ended');
    assert.equal(gone.code, 0, gone.err);
    assert.match(gone.out, /1 entry federates with it\n.*brings it back/);
    assert.deepEqual(await federated(), {});
    await nearServer.stop();
    farServer = await runGatehouse(far.config);
    await farServer.stop();
  });

  it('goes on with the last good bundle whatever an https_web endpoint sends, and keeps a lower sequence out until somebody accepts it', async () => {
    await using dir = await gatehouseDir();
    makeWebCertificate(dir, 'web');
    await using endpoint = await startBundleServer(dir, 'web');
    const first = foreignBundle('other.example', 9);
    const bundle = { ...first, refreshHintSeconds: 1 };
    let document = bundleToJwks(bundle);
    endpoint.answer = (_, response) => void response.writeHead(200).end(document);
    await dir.configure({
      federation: { trustDomains: { 'other.example': { url: endpoint.url, profile: 'https_web', ca: './web.pem' } } },
      entries: [entry('cluster.local', 'other.example')],
    });
    await using server = await runGatehouse(dir.config);
    const ask = commandLineOf(dir.config);
    const other = async (): Promise<Row> =>
      (JSON.parse((await ask('bundle', 'list', '--output', 'json')).out) as { bundles: Row[] }).bundles[1]!;
    await eventually('it is fetched', async () => ((await other()).sequence === '9' ? true : undefined));
    assert.equal((await other()).entries, 1);

    document = '{"keys":[],"keys":[]}';
    const bad = await eventually('it is refused', async () =>
      (await other()).endpoint?.failure ? other() : undefined,
    );
    assert.match(bad.endpoint?.failure ?? '', /"keys" twice/);
    assert.deepEqual([bad.sequence, bad.x509Authorities], ['9', 1]);

    document = bundleToJwks({ ...bundle, sequence: 3, jwtAuthorities: [] });
    await eventually('it is kept out', async () => ((await other()).endpoint?.keptOut === '3' ? true : undefined));
    const health = `http://${server.ready.health}`;
    const degraded = await (await fetch(`${health}/readyz`)).text();
    assert.match(degraded, /federation: the bundle of other.example is kept out: .*sequence 3, and 9 is held/);
    const metrics = await (await fetch(`${health}/metrics`)).text();
    assert.match(metrics, /gatehouse_federation_kept_out\{trust_domain="other.example"\} 1/);
    assert.match(metrics, /gatehouse_federation_failures_total\{trust_domain="other.example"\} [1-9]/);
    const doctor = await ask('doctor', '--output', 'json');
    assert.equal(doctor.code, 0, 'a warning');
    assert.match(doctor.out, /"code": ?"federation_kept_out"/);
    const refused = await ask('bundle', 'set', 'other.example', '--accept-lower');
    assert.equal(refused.code, 2);
    assert.match(refused.err, /give --reason/);
    const taken = await ask('bundle', 'set', 'other.example', '--accept-lower', '--reason', 'they restored a backup');
    assert.equal(taken.code, 0, taken.err);
    assert.match(taken.out, /sequence 9 to 3, without jwt key-of-other.example/);
    await eventually('all is well', async () => ((await other()).endpoint?.failure === null ? true : undefined));

    for (const name of ['cluster.local', 'spiffe://cluster.local']) {
      writeFileSync(dir.at('own.json'), document);
      const own = await ask('bundle', 'set', name, dir.at('own.json'), '--reason', 'no');
      assert.equal(own.code, 2);
      assert.match(own.err, /our own trust domain/);
    }
    const show = await ask('bundle', 'show', 'other.example', '--format', 'spiffe');
    assert.equal((JSON.parse(show.out) as { spiffe_sequence: number }).spiffe_sequence, 3);
  });

  it('keeps peers of others out of policies that name no trust domain: refused at the start, denied when a bundle comes later', async () => {
    const open = allowing('GET').replace(
      'principals: [cluster.local/ns/default/sa/productpage]',
      'namespaces: [default]',
    );
    await using dir = await gatehouseDir({ policies: { paths: ['./policies'] } });
    await dir.policy('details', open);
    const ask = commandLineOf(dir.config);
    const plain = { policies: { paths: ['./policies'] } };
    const endpoint = { url: 'https://127.0.0.1:1/', profile: 'https_web' };
    await dir.configure({ ...plain, federation: { trustDomains: { 'other.example': endpoint } } });
    for (const words of [['serve'], ['config', 'check'], ['policy', 'check', dir.at('policies')]]) {
      const { code, out, err } = await ask(...words);
      assert.equal(code, words[0] === 'serve' ? 2 : 1, out + err);
      assert.match(out + err, /details.yaml:\d+.*namespaces means those of every trust domain/, words.join(' '));
      assert.match(out + err, /trustDomains: \[cluster.local\]/);
    }
    for (const differs of [
      { federation: { acceptForeignNamespaces: true } },
      { extAuthz: { peerTrustDomains: 'own' } },
    ]) {
      const federation = {
        trustDomains: { 'other.example': endpoint },
        ...('federation' in differs && differs.federation),
      };
      await dir.configure({ ...plain, ...differs, federation });
      assert.equal((await ask('policy', 'check', dir.at('policies'))).code, 0);
    }

    await dir.configure(plain);
    await using server = await runGatehouse(dir.config);
    using client = checkClient(server.ready.extAuthz);
    const reasonFor = async (principal: string): Promise<string> => {
      const asked = question('GET');
      const outcome = await client.ask({ ...asked, attributes: { ...asked.attributes!, source: { principal } } });
      assert.ok('response' in outcome);
      return outcome.reason;
    };
    const theirs = 'spiffe://other.example/ns/default/sa/productpage';
    const ours = 'spiffe://cluster.local/ns/default/sa/productpage';
    assert.equal(await reasonFor(theirs), 'rule_allowed', 'nobody is let in, and whose peer that is Envoy knows');
    writeFileSync(dir.at('other.json'), bundleToJwks(foreignBundle('other.example')));
    assert.equal((await ask('bundle', 'set', 'other.example', dir.at('other.json'))).code, 0);
    await eventually('they are kept out', async () =>
      (await reasonFor(theirs)) === 'foreign_trust_domain' ? true : undefined,
    );
    assert.equal(await reasonFor(ours), 'rule_allowed');
    const readyz = async (): Promise<string> => (await fetch(`http://${server.ready.health}/readyz`)).text();
    assert.match(await readyz(), /federation: callers of other trust domains are denied, because .*details.yaml:\d+/);
    await dir.policy(
      'details',
      open.replace('namespaces: [default]', 'namespaces: [default], trustDomains: [other.example]'),
    );
    await eventually('the policy says which it means', async () =>
      (await reasonFor(theirs)) === 'rule_allowed' ? true : undefined,
    );
    assert.equal(await reasonFor(ours), 'no_rule_allowed');
    assert.doesNotMatch(await readyz(), /federation/);
  });
});
