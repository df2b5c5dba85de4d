import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fromBinary } from '@bufbuild/protobuf';
import { FollowRequestSchema } from '../../../src/gen/gatehouse/feed/v1/feed_pb.ts';
import { checkClient, question } from '../../support/check-client.ts';
import { eventually } from '../../support/eventually.ts';
import { olderFeed, replayAuthority, replayDecider, withUnknownField } from '../../support/feed-replay.ts';
import { type RunningGatehouse, runGatehouse } from '../../support/run-gatehouse.ts';
import { builds, fixture, upgradeDir } from '../../support/upgrade-fixture.ts';

const id = (name: string): string => `spiffe://cluster.local/ns/default/sa/${name}`;

interface Recorded {
  /** Base64, whole messages in their order. */
  readonly requests: readonly string[];
  readonly responses: readonly string[];
}

const recordedBy = (build: string): { readonly requests: Buffer[]; readonly responses: Buffer[] } => {
  const { requests, responses } = JSON.parse(readFileSync(fixture(build, 'feed.json'), 'utf8')) as Recorded; // its README says so
  const bytes = (texts: readonly string[]) => texts.map((text) => Buffer.from(text, 'base64'));
  return { requests: bytes(requests), responses: bytes(responses) };
};

async function reasonAt(server: RunningGatehouse, name: string): Promise<string> {
  using client = checkClient(server.ready.extAuthz);
  const { attributes } = question('GET');
  const answer = await client.ask({ attributes: { ...attributes, source: { principal: id(name) } } });
  return 'reason' in answer ? answer.reason : answer.details;
}

const decides = async (server: RunningGatehouse): Promise<void> => {
  await eventually('it is ready by what it hears', async () => {
    const ready = await fetch(`http://${server.ready.health}/readyz`);
    const text = await ready.text();
    if (ready.status !== 200) throw new Error(text);
    return true;
  });
  assert.equal(await reasonAt(server, 'details'), 'rule_allowed');
  assert.equal(await reasonAt(server, 'reviews'), 'revoked');
};

const follower = { roles: ['decider'], entries: [], authority: {} };

describe('the feed between builds of different ages', function () {
  this.timeout(300_000);

  for (const build of builds) {
    const older = olderFeed(fixture(build, 'feed.binpb'));

    for (const { name, change } of [
      { name: 'an older authority', change: (message: Buffer) => message },
      { name: 'an authority that says more than we know', change: withUnknownField },
    ]) {
      it(`${build}: a decider of today decides by ${name}, which can read what it says`, async () => {
        await using dir = await upgradeDir(build);
        const { responses } = recordedBy(build);
        await using authority = await replayAuthority(dir.at('feed.sock'), responses.map(change));
        dir.configure({ ...follower, authorityAddress: `unix:${dir.at('feed.sock')}` });
        await using decider = await runGatehouse(dir.config);
        await decides(decider);
        const holding = await eventually('it says what it holds', () =>
          authority.heard
            .map(
              (bytes) => older.read('FollowRequest', bytes)['word'] as { case: string; value: Record<string, unknown> },
            )
            .find(({ case: word, value }) => word === 'holding' && Number(value['revocationSequence']) > 0),
        );
        assert.ok(Number(holding.value['bundleSequence']) > 0);
        const words = authority.heard.map((bytes) => fromBinary(FollowRequestSchema, bytes).word.case);
        assert.deepEqual(
          [...new Set(words.map(String))].sort(),
          ['hello', 'holding'],
          'it reports to nobody who takes no reports',
        );
        const hello = older.read('FollowRequest', authority.heard[0]!)['word'] as { case: string; value: object };
        assert.equal(hello.case, 'hello');
        assert.equal((hello.value as { trustDomain: string }).trustDomain, 'cluster.local');
      });
    }

    for (const { name, change } of [
      { name: 'an older decider', change: (message: Buffer) => message },
      { name: 'a decider that says more than we know', change: withUnknownField },
    ]) {
      it(`${build}: an authority of today tells ${name} all that it must know, in words that it knows`, async () => {
        await using dir = await upgradeDir(build, 'wrapped.tar.gz');
        const listen = { extAuthz: '127.0.0.1:0', health: '127.0.0.1:0', feed: 'unix:./run/feed.sock' };
        dir.configure({ listen }, { keyEncryptionKeyFile: './key' });
        await using _ = await runGatehouse(dir.config);
        const requests = recordedBy(build).requests.map(change);
        const parts = (answers: readonly Buffer[]) => answers.map((bytes) => older.read('FollowResponse', bytes));
        const answers = parts(
          await replayDecider(dir.at('run/feed.sock'), requests, (some) => {
            const read = parts(some);
            return read.some((each) => each['bundles']) && read.some((each) => each['revocations']);
          }),
        );
        for (const answer of answers) assert.equal(answer['trustDomain'], 'cluster.local');
        const bundles = answers.find((each) => each['bundles'])!['bundles'] as { own: { document: string } };
        const { keys } = JSON.parse(bundles.own.document) as { keys: { use: string; x5c?: string[] }[] }; // a SPIFFE bundle
        assert.ok(keys.some(({ use, x5c }) => use === 'x509-svid' && x5c?.length === 1));
        assert.ok(keys.some(({ use }) => use === 'jwt-svid'));
        const revocations = answers.find((each) => each['revocations'])!['revocations'] as {
          complete: boolean;
          rows: { kind: string; value: string }[];
        };
        assert.equal(revocations.complete, true);
        assert.ok(revocations.rows.some(({ kind, value }) => kind === 'id' && value === id('reviews')));
        assert.ok(revocations.rows.some(({ kind }) => kind === 'serial'));
      });
    }

    it(`${build}: a decider goes on from its data directory under the name that it had`, async () => {
      await using dir = await upgradeDir(build, 'follower.tar.gz');
      const { requests, responses } = recordedBy(build);
      await using authority = await replayAuthority(dir.at('feed.sock'), responses);
      dir.configure({ ...follower, authorityAddress: `unix:${dir.at('feed.sock')}` });
      await using decider = await runGatehouse(dir.config);
      await decides(decider);
      assert.deepEqual(
        older.read('FollowRequest', authority.heard[0]!)['word'],
        older.read('FollowRequest', requests[0]!)['word'],
      );
    });

    it(`${build}: a decider elsewhere follows by the SVID that it kept, without another token`, async () => {
      await using elsewhere = await upgradeDir(build, 'elsewhere.tar.gz');
      elsewhere.configure({ listen: { extAuthz: '127.0.0.1:0', health: '127.0.0.1:0', feed: '127.0.0.1:0' } });
      await using authority = await runGatehouse(elsewhere.config);
      await using dir = await upgradeDir(build, 'follower-tls.tar.gz');
      dir.configure({ ...follower, authorityAddress: authority.ready.feed });
      await using decider = await runGatehouse(dir.config);
      await decides(decider);
    });

    it(`${build}: no message of the feed has lost or changed a field`, async () => {
      await using dir = await upgradeDir(build);
      const buf = (...args: readonly string[]) => spawnSync('node_modules/.bin/buf', args, { encoding: 'utf8' });
      const built = buf('build', '--path', 'proto/gatehouse', '-o', dir.at('now.binpb'));
      assert.equal(built.status, 0, built.stderr);
      const rules = JSON.stringify({ version: 'v2', breaking: { use: ['WIRE_JSON'] } });
      const ran = buf('breaking', dir.at('now.binpb'), '--against', fixture(build, 'feed.binpb'), '--config', rules);
      assert.equal(ran.status, 0, ran.stdout + ran.stderr);
    });
  }
});
