import assert from 'node:assert/strict';
import { chmod } from 'node:fs/promises';
import type { Bundle } from '../../../src/spiffe/bundle.ts';
import { parseTrustDomain } from '../../../src/spiffe/trust-domain.ts';
import { eventually } from '../../support/eventually.ts';
import { makeRoot, type OwnAuthority, openOwnAuthority } from '../../support/own-authority.ts';
import { type PythonCall, pythonCall } from '../../support/python-client.ts';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';
import { entry, startEndpoint, type TestEndpoint } from '../../support/workload-endpoint.ts';

const partner = parseTrustDomain('partner.test');
const BROKEN = 'validation_context.custom_validator_config.typed_config.trust_domains[0].name: minLen=1';

describe('SDS and the rules of Envoy', function () {
  this.timeout(300_000); // the first use makes python's environment
  let dir: TempDir;
  let source: OwnAuthority;
  let served: TestEndpoint;

  beforeEach(async () => {
    dir = await tempDir();
    await chmod(dir.path, 0o755);
    source = openOwnAuthority(dir.path);
    const entries = [
      entry('spiffe://cluster.local/a', ['unix:uid:0'], { federatesWith: [partner, '' as typeof partner] }),
    ];
    served = await startEndpoint({ source, path: dir.at('w.sock'), entries });
  });
  afterEach(async () => {
    await served[Symbol.asyncDispose]();
    await dir[Symbol.asyncDispose]();
  });

  const open = (method: string): PythonCall =>
    pythonCall({ socket: dir.at('w.sock'), method: `/envoy.service.secret.v3.SecretDiscoveryService/${method}` });
  const namesIn = (response: unknown): string[] =>
    ((response as { resources?: { name: string }[] }).resources ?? []).map(({ name }) => name);
  const toldOf = (what: string) => served.told.filter((line) => line.startsWith(what));

  /** Publishes ours under the next sequence beside a foreign bundle whose trust domain has that name. */
  function federate(name: string): void {
    const { own } = source.bundles.value;
    const theirs: Bundle = { ...own, trustDomain: name as typeof partner }; // `''` is what parsing would never make
    source.bundles.replace({
      own: {
        ...own,
        sequence: own.sequence + 1,
        x509Authorities: [makeRoot(dir.path, `r${own.sequence}`, 'cluster.local')],
      },
      intermediates: [],
      federated: new Map([[theirs.trustDomain, theirs]]),
    });
  }
  const sequences = () => source.words.filter(({ sequence }) => sequence > 1).map(({ grade }) => grade);

  it('StreamSecrets leaves the last good one, sends the rest, and counts nobody who did not get the new one', async () => {
    await using stream = open('StreamSecrets');
    stream.send({ resourceNames: ['ALL', 'ROOTCA'] });
    assert.deepEqual(namesIn(await stream.next()), ['ALL', 'ROOTCA']);
    federate('');
    assert.deepEqual(namesIn(await stream.next()), ['ROOTCA']);
    assert.deepEqual(toldOf('withheld'), [`withheld ALL ${BROKEN}`]);
    federate('partner.test');
    assert.deepEqual(namesIn(await stream.next()), ['ALL', 'ROOTCA']);
  });

  it('StreamSecrets sends nothing where that is all that is new', async () => {
    await using stream = open('StreamSecrets');
    stream.send({ resourceNames: ['ALL'] });
    await stream.next();
    federate('');
    await eventually('it is told', () => (toldOf('withheld').length === 1 ? true : undefined));
    assert.deepEqual(sequences(), []);
    federate('partner.test');
    const next = await stream.next();
    assert.match(JSON.stringify(next), /partner\.test/, 'the next answer is the good one');
  });

  it('DeltaSecrets neither sends nor removes it, and owes it until it is good', async () => {
    federate('');
    await using stream = open('DeltaSecrets');
    stream.send({ resourceNamesSubscribe: ['ALL', 'ROOTCA'] });
    const first = await stream.next();
    assert.deepEqual(
      [namesIn(first), (first as { removedResources?: unknown }).removedResources],
      [['ROOTCA'], undefined],
    );
    federate('partner.test');
    assert.deepEqual(namesIn(await stream.next()).sort(), ['ALL', 'ROOTCA']);
    federate('');
    const third = await stream.next();
    assert.deepEqual(
      [namesIn(third), (third as { removedResources?: unknown }).removedResources],
      [['ROOTCA'], undefined],
    );
  });

  it('FetchSecrets leaves it out', async () => {
    federate('');
    await using call = open('FetchSecrets');
    call.send({ resourceNames: ['ALL', 'ROOTCA'] });
    assert.deepEqual(namesIn(await call.next()), ['ROOTCA']);
  });

  for (const method of ['StreamSecrets', 'DeltaSecrets', 'FetchSecrets']) {
    it(`${method} refuses a request that breaks a rule, with its field`, async () => {
      await using call = open(method);
      call.send({ node: { listeningAddresses: [{ socketAddress: { address: '127.0.0.1', portValue: 65_536 } }] } });
      const { status, details } = await call.ended();
      assert.equal(status, 'INVALID_ARGUMENT');
      assert.match(details, /node\.listening_addresses\[0\]\.socket_address\.port_value: lte=65535/);
    });
  }
});
