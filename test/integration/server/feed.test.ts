import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { adminGet } from '../../support/admin.ts';
import { checkClient, question } from '../../support/check-client.ts';
import { startChild } from '../../support/child.ts';
import { eventually } from '../../support/eventually.ts';
import { type GatehouseDir, gatehouseDir, usualListeners } from '../../support/gatehouse-dir.ts';
import { gatehouseCommand, gatehouseJson, type RunningGatehouse, runGatehouse } from '../../support/run-gatehouse.ts';

const productpage = 'spiffe://cluster.local/ns/default/sa/productpage';
const reviews = 'spiffe://cluster.local/ns/default/sa/reviews';

interface Follower {
  readonly decider: string;
  readonly bundleSequence: number;
  readonly revocationSequence: number;
}
interface Status {
  readonly followers?: readonly Follower[];
  readonly feed?: { readonly decider: string; readonly connected: boolean; readonly revocationSequence: number };
}

const statusOf = (dir: GatehouseDir) => adminGet<Status>(dir, '/v1/status');

const authorityConfig = (feed: string | undefined, more: object = {}) => ({
  listen: { ...usualListeners, ...(feed !== undefined && { feed }) },
  // Nobody here is one of them: a name that no entry gives cannot be revoked.
  entries: ['productpage', 'reviews'].map((name) => ({
    spiffeId: `spiffe://cluster.local/ns/default/sa/${name}`,
    selectors: ['unix:user:nobody'],
  })),
  ...more,
});

const follows = (dir: GatehouseDir, address: string, more: object = {}) =>
  dir.configure({
    roles: ['decider'],
    listen: usualListeners,
    authorityAddress: address,
    feed: { maxAge: '2s', joinFile: './join.json' },
    ...more,
  });

async function invite(authority: GatehouseDir, decider: GatehouseDir): Promise<void> {
  await gatehouseJson('join-token', 'create', '--config', authority.config, '--write', decider.at('join.json'));
}

async function reasonAt(server: RunningGatehouse, principal = productpage): Promise<string> {
  using client = checkClient(server.ready.extAuthz);
  const asked = question('GET');
  const answer = await client.ask({ attributes: { ...asked.attributes, source: { principal } } });
  return 'reason' in answer ? answer.reason : answer.details;
}

const revoke = (dir: GatehouseDir, id: string) =>
  gatehouseJson('svid', 'revoke', '--id', id, '--reason', 'test', '--config', dir.config) as Promise<{
    inForce: boolean;
    deciders: { decider?: string; inForce: boolean }[];
  }>;

const ready = async (server: RunningGatehouse) => {
  const response = await fetch(`http://${server.ready.health}/readyz`);
  return { status: response.status, text: await response.text() };
};

const feedOf = (server: RunningGatehouse): string => server.ready.feed!; // of an authority that has one

describe('a decider that follows an authority elsewhere', function () {
  this.timeout(300_000);

  it('joins once by a token, decides, and refuses what is revoked there as soon as the revocation is answered', async () => {
    await using authority = await gatehouseDir(authorityConfig('127.0.0.1:0'));
    await using first = await runGatehouse(authority.config);
    await using dir = await gatehouseDir();
    await invite(authority, dir);
    await follows(dir, feedOf(first));
    await using decider = await runGatehouse(dir.config);
    assert.equal(await reasonAt(decider), 'rule_allowed');
    assert.equal((await ready(decider)).status, 200);
    const { feed } = await statusOf(dir);
    assert.equal(feed?.connected, true);
    const follower = await eventually('the authority knows what it holds', async () =>
      (await statusOf(authority)).followers?.find(
        (each) => each.decider === feed?.decider && each.revocationSequence >= 0,
      ),
    );
    assert.ok(follower.bundleSequence > 0);

    const answer = await revoke(authority, productpage);
    assert.equal(answer.inForce, true);
    assert.deepEqual(
      answer.deciders.map((each) => each.inForce),
      [true, true],
    );
    assert.equal(await reasonAt(decider), 'revoked');
    assert.equal(await reasonAt(first), 'revoked');

    const { rows } = await adminGet<{ rows: { channel: string; consumer: string }[] }>(
      authority,
      '/v1/ledger?spiffeId=spiffe://cluster.local/gatehouse/decider',
    );
    assert.deepEqual(
      rows.map(({ channel, consumer }) => [channel, consumer]),
      [['feed', `feed:${feed?.decider}`]],
    );
  });

  it('refuses a token that was used, and says so', async () => {
    await using authority = await gatehouseDir(authorityConfig('127.0.0.1:0'));
    await using first = await runGatehouse(authority.config);
    await using dir = await gatehouseDir();
    await invite(authority, dir);
    await follows(dir, feedOf(first));
    await using decider = await runGatehouse(dir.config);
    assert.ok(decider.ready);
    await using second = await gatehouseDir();
    await writeFile(second.at('join.json'), await readFile(dir.at('join.json')));
    await follows(second, feedOf(first));
    await using refused = startChild(...gatehouseCommand('serve', '--config', second.config, '--ready-timeout', '20s'));
    assert.equal(await refused.ended, 2);
    assert.match(refused.stderr(), /the join token is not known, was used, or has expired: make another/);
  });

  it('goes on deciding while the authority is away, shows it, and hears afterwards what was revoked meanwhile', async () => {
    await using authority = await gatehouseDir(authorityConfig('127.0.0.1:0'));
    await using dir = await gatehouseDir();
    let feed = '';
    {
      await using first = await runGatehouse(authority.config);
      feed = feedOf(first);
      await invite(authority, dir);
      await revoke(authority, reviews);
      await first.stop('SIGKILL');
    }
    await authority.configure(authorityConfig(feed));
    await using again = await runGatehouse(authority.config);
    await follows(dir, feed);
    await using decider = await runGatehouse(dir.config);
    assert.equal(await reasonAt(decider, reviews), 'revoked', 'it knew before it was ready');
    await again.stop('SIGKILL');
    const late = await eventually('it says that its knowledge is old', async () => {
      const page = await ready(decider);
      return page.status === 503 ? page.text : undefined;
    });
    assert.match(
      late,
      /"feed":"what is known of the authority is \d+ s old: the authority at 127\.0\.0\.1:\d+ cannot be followed/,
    );
    assert.equal(await reasonAt(decider), 'rule_allowed', 'and goes on deciding');
    assert.equal(await reasonAt(decider, reviews), 'revoked');
    const metrics = await (await fetch(`http://${decider.ready.health}/metrics`)).text();
    assert.ok(Number(/^gatehouse_feed_age_seconds ([\d.]+)$/m.exec(metrics)?.[1]) > 2);

    await authority.configure(authorityConfig(undefined)); // nobody can follow this one
    {
      await using hidden = await runGatehouse(authority.config);
      await revoke(authority, productpage);
      assert.equal(await reasonAt(decider), 'rule_allowed', 'it cannot know');
      await hidden.stop('SIGKILL');
    }
    await authority.configure(authorityConfig(feed));
    await using back = await runGatehouse(authority.config);
    assert.ok(back.ready);
    await eventually('it has heard', async () => ((await reasonAt(decider)) === 'revoked' ? true : undefined));
    await eventually('it is ready again', async () => ((await ready(decider)).status === 200 ? true : undefined));
  });

  it('starts while the authority is away, by what it held before: it forgets no revocation', async () => {
    await using authority = await gatehouseDir(authorityConfig('127.0.0.1:0'));
    await using first = await runGatehouse(authority.config);
    await using dir = await gatehouseDir();
    await invite(authority, dir);
    await follows(dir, feedOf(first));
    {
      await using decider = await runGatehouse(dir.config);
      await revoke(authority, reviews);
      assert.equal(await reasonAt(decider, reviews), 'revoked');
      await first.stop('SIGKILL');
      await decider.stop('SIGKILL');
    }
    await using decider = await runGatehouse(dir.config);
    assert.equal(await reasonAt(decider, reviews), 'revoked');
    assert.equal(await reasonAt(decider), 'rule_allowed');
    const page = await ready(decider);
    assert.equal(page.status, 503);
    assert.match(page.text, /of before the start/);
  });

  it('counts at the gate: a new root is not used before it has said that it holds it', async () => {
    await using authority = await gatehouseDir(authorityConfig('unix:./run/feed.sock'));
    await using first = await runGatehouse(authority.config);
    await using dir = await gatehouseDir();
    await follows(dir, `unix:${authority.at('run/feed.sock')}`, { feed: { maxAge: '2s' } });
    await using decider = await runGatehouse(dir.config);
    const name = (await statusOf(dir)).feed?.decider;
    await eventually('it is known', async () => (await statusOf(authority)).followers?.[0]);
    process.kill(decider.pid, 'SIGSTOP');
    await gatehouseJson('ca', 'prepare', '--config', authority.config);
    const blocked = startChild(...gatehouseCommand('ca', 'activate', '--config', authority.config, '--output', 'json'));
    assert.equal(await blocked.ended, 1);
    const { blockers } = JSON.parse(blocked.stdout()) as { blockers: { consumer: string; protocol: string }[] };
    assert.deepEqual(
      blockers.map(({ consumer, protocol }) => [consumer, protocol]),
      [[`feed:${name}`, 'feed']],
    );
    process.kill(decider.pid, 'SIGCONT');
    await eventually('the gate is open', async () => {
      const gate = await adminGet<{ open: boolean }>(authority, '/v1/authorities/gate?verb=activate');
      return gate.open ? true : undefined;
    });
    await gatehouseJson('ca', 'activate', '--config', authority.config);
    assert.ok(first.ready);
  });

  it('renews its own SVID over the feed, and shows it on its own listeners', async () => {
    await using authority = await gatehouseDir(authorityConfig('127.0.0.1:0', { authority: { x509SvidTtl: '8s' } }));
    await using first = await runGatehouse(authority.config);
    await using dir = await gatehouseDir();
    await invite(authority, dir);
    await follows(dir, feedOf(first), {
      listen: { ...usualListeners, extAuthz: { address: '127.0.0.1:0', tls: true } },
    });
    await using decider = await runGatehouse(dir.config);
    await eventually('a second one is in the ledger', async () => {
      const { rows } = await adminGet<{ rows: { selectors: string[] }[] }>(
        authority,
        '/v1/ledger?spiffeId=spiffe://cluster.local/gatehouse/decider',
      );
      return rows.some(({ selectors }) => selectors.includes('gatehouse:decider')) ? true : undefined;
    });
    assert.equal((await ready(decider)).status, 200);
  });

  it('is thrown out when its own certificate is revoked: its stream ends, and it neither follows nor renews', async () => {
    await using authority = await gatehouseDir(authorityConfig('127.0.0.1:0'));
    await using first = await runGatehouse(authority.config);
    await using dir = await gatehouseDir();
    await invite(authority, dir);
    await follows(dir, feedOf(first));
    await using decider = await runGatehouse(dir.config);
    const { rows } = await adminGet<{ rows: { serial: string; channel: string }[] }>(authority, '/v1/ledger');
    const own = rows.find(({ channel }) => channel === 'feed');
    await gatehouseJson(
      ...[
        'svid',
        'revoke',
        '--serial',
        own?.serial ?? '',
        '--override',
        '--reason',
        'lost',
        '--config',
        authority.config,
      ],
    );
    await eventually('nobody follows', async () =>
      (await statusOf(authority)).followers?.length === 0 ? true : undefined,
    );
    const page = await eventually('it is not ready', async () => {
      const found = await ready(decider);
      return found.status === 503 ? found.text : undefined;
    });
    assert.match(page, /refuses: only a decider may follow/);
    assert.equal(await reasonAt(decider), 'rule_allowed', 'what it holds still decides');
  });

  it('lives on when its decider process is killed, and is named by a revocation that it cannot hear', async () => {
    await using authority = await gatehouseDir(authorityConfig('unix:./run/feed.sock'));
    await using first = await runGatehouse(authority.config);
    assert.ok(first.ready);
    await using dir = await gatehouseDir();
    await follows(dir, `unix:${authority.at('run/feed.sock')}`, { feed: {} });
    await using decider = await runGatehouse(dir.config);
    process.kill(decider.ready.deciderPids[0]!, 'SIGKILL');
    await eventually('it decides again', async () => ((await reasonAt(decider)) === 'rule_allowed' ? true : undefined));
    assert.equal((await revoke(authority, reviews)).inForce, true);
    assert.equal(await reasonAt(decider, reviews), 'revoked');
    const name = (await statusOf(dir)).feed?.decider;
    assert.equal(await decider.stop('SIGTERM'), 0);
    const { warnings } = (await revoke(authority, productpage)) as unknown as { warnings: string[] };
    assert.match(warnings.join(), new RegExp(`decider ${name} has not followed this server since`));
  });

  it('says what is wrong: another trust domain, nothing to join with, no authority there', async () => {
    await using authority = await gatehouseDir(authorityConfig('unix:./run/feed.sock'));
    await using first = await runGatehouse(authority.config);
    assert.ok(first.ready);
    const cases = [
      {
        config: { trustDomain: 'other.test', authorityAddress: `unix:${authority.at('run/feed.sock')}` },
        says: /refuses: this is the authority of cluster\.local, the decider is configured for other\.test/,
      },
      { config: { authorityAddress: '127.0.0.1:1' }, says: /gatehouse join-token create --write join\.json/ },
      {
        config: { trustDomain: 'other.test', authorityAddress: '127.0.0.1:1', feed: { joinFile: './join.json' } },
        says: /join\.json is of trust domain cluster\.local, not other\.test/,
      },
      {
        config: { authorityAddress: 'unix:/nowhere/feed.sock' },
        says: /nothing is known of the authority yet: the authority at unix:\/nowhere\/feed\.sock cannot be followed/,
      },
      {
        config: { authorityAddress: '127.0.0.1:1', feed: { joinFile: './elsewhere.json' } },
        says: /elsewhere\.json does not exist: make it with/,
      },
    ];
    const refused = cases.map(async ({ config, says }) => {
      await using dir = await gatehouseDir();
      await invite(authority, dir);
      await dir.configure({ roles: ['decider'], listen: usualListeners, ...config });
      await using child = startChild(...gatehouseCommand('serve', '--config', dir.config, '--ready-timeout', '20s'));
      assert.equal(await child.ended, 2);
      assert.match(child.stderr(), says);
    });
    await Promise.all(refused);
  });

  it('has no authority of its own to ask, and says whom to ask', async () => {
    await using authority = await gatehouseDir(authorityConfig('unix:./run/feed.sock'));
    await using first = await runGatehouse(authority.config);
    assert.ok(first.ready);
    await using dir = await gatehouseDir();
    await follows(dir, `unix:${authority.at('run/feed.sock')}`, { feed: {} });
    await using decider = await runGatehouse(dir.config);
    assert.ok(decider.ready);
    const asked = startChild(...gatehouseCommand('ca', 'status', '--config', dir.config));
    assert.equal(await asked.ended, 2);
    assert.match(
      asked.stderr(),
      /this server is only a decider: ask the server of the authority that it follows \(unix:/,
    );
  });
});
