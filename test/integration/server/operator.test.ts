import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { askAdmin } from '../../support/ask-admin.ts';
import { checkClient, question } from '../../support/check-client.ts';
import { startChild } from '../../support/child.ts';
import { eventually } from '../../support/eventually.ts';
import { type GatehouseDir, gatehouseDir, usualListeners } from '../../support/gatehouse-dir.ts';
import { openssl } from '../../support/openssl.ts';
import { gatehouseCommand, gatehouseJson, type RunningGatehouse, runGatehouse } from '../../support/run-gatehouse.ts';
import { sdsConsumer } from '../../support/sds-consumer.ts';

const productpage = 'spiffe://cluster.local/ns/default/sa/productpage';
const uid = process.geteuid?.() ?? 0;

interface Ran {
  readonly code: number | string;
  readonly json: Record<string, unknown>;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end, whatever that is. */
async function run(...args: readonly string[]): Promise<Ran> {
  await using child = startChild(...gatehouseCommand(...args));
  const code = await child.ended;
  const stdout = child.stdout();
  const json = args.includes('json') && stdout !== '' ? (JSON.parse(stdout) as Record<string, unknown>) : {}; // our own output
  return { code, json, stdout, stderr: child.stderr() };
}

async function configured(more: Record<string, unknown> = {}): Promise<GatehouseDir> {
  const dir = await gatehouseDir();
  await writeFile(dir.at('kek'), randomBytes(32).toString('base64'));
  await dir.configure({
    listen: usualListeners,
    authority: { keyEncryptionKeyFile: './kek', x509SvidTtl: '1h', ...(more['authority'] as object) },
    entries: [{ spiffeId: productpage, selectors: [`unix:uid:${uid}`], x509SvidTtl: more['ttl'] ?? '1h' }],
    ...(more['extAuthz'] ? { extAuthz: more['extAuthz'] } : {}),
  });
  return dir;
}

const admin = ({ ready }: RunningGatehouse): [string, string] => ['--admin', ready.admin];
const json = ['--output', 'json'] as const;

interface Audit {
  readonly rows: readonly {
    readonly who: string;
    readonly verb: string;
    readonly reason: string;
    readonly result: string;
  }[];
}
const auditOf = async (server: RunningGatehouse): Promise<Audit['rows']> =>
  ((await gatehouseJson('ca', 'log', ...admin(server))) as Audit).rows;

describe('the operator rotates', function () {
  this.timeout(300_000);
  let dir: GatehouseDir;
  let server: RunningGatehouse;

  beforeEach(async () => {
    dir = await configured();
    server = await runGatehouse(dir.config);
  });
  afterEach(async () => {
    await server[Symbol.asyncDispose]();
    await dir[Symbol.asyncDispose]();
  });

  it('is told who is in the way, by name and exit code 1, and is written down with who, why and what came of it', async () => {
    using silent = sdsConsumer(server.ready.workloadApi, 'is silent');
    await eventually('it was answered', () => (silent.answers > 0 ? true : undefined));
    assert.equal((await run('ca', 'prepare', ...admin(server), '--reason', 'yearly')).code, 0);
    await eventually('it was sent the new bundle', () => (silent.answers > 1 ? true : undefined));

    const blocked = await run('ca', 'activate', ...admin(server), ...json);
    assert.equal(blocked.code, 1);
    const { done, code, blockers, etaSeconds } = blocked.json as {
      done: boolean;
      code: string;
      blockers: Record<string, unknown>[];
      etaSeconds: unknown;
    };
    assert.deepEqual({ done, code, etaSeconds }, { done: false, code: 'rotation_blocked', etaSeconds: null });
    assert.equal(blockers.length, 1);
    const [blocker] = blockers;
    assert.deepEqual(Object.keys(blocker!).sort(), [
      'consumer',
      'doneBy',
      'grade',
      'holdsSequence',
      'lastSeenAt',
      'needsSequence',
      'protocol',
      'serial',
      'spiffeId',
    ]);
    assert.equal(blocker!['spiffeId'], productpage);
    assert.equal(blocker!['protocol'], 'sds');
    assert.match((await run('ca', 'activate', ...admin(server))).stdout, /productpage .*not by waiting/);

    assert.equal((await run('ca', 'activate', ...admin(server), '--override')).code, 2, 'an override needs a reason');
    const overridden = await run('ca', 'activate', ...admin(server), '--override', '--reason', 'key leaked', ...json);
    assert.equal(overridden.code, 0);
    assert.equal(overridden.json['done'], true);
    assert.deepEqual(
      (await auditOf(server)).slice(0, 4).map(({ verb, result, reason }) => [verb, result, reason]),
      [
        ['ca activate', 'done', 'override: key leaked'],
        ['ca activate', 'rotation_blocked', ''],
        ['ca activate', 'rotation_blocked', ''],
        ['ca prepare', 'done', 'yearly'],
      ],
    );
    assert.match((await auditOf(server))[0]!.who, new RegExp(`^uid:${uid}\\b`));
    const wrongSlot = await run('ca', 'activate', ...admin(server), ...json);
    assert.deepEqual([wrongSlot.code, wrongSlot.json['code']], [1, 'slot_state']);
    assert.equal((await run('ca', 'undo', ...admin(server))).code, 0);
    assert.equal((await run('ca', 'activate', 'zz', ...admin(server))).code, 2, 'no id of an authority');
  });

  it('does not wait for who only looks, nor longer than a minute for who gives commands by an SVID', async () => {
    const fetchNow = (...more: string[]) =>
      run('svid', 'fetch', '--socket', server.ready.workloadApi, ...more, ...json);
    const looked = (await fetchNow()).json as { svids: { spiffeId: string; chainPem: string; keyPem?: string }[] };
    assert.deepEqual([looked.svids[0]?.spiffeId, looked.svids[0]?.keyPem], [productpage, undefined]);
    await using watching = startChild(...gatehouseCommand('svid', 'watch', '--socket', server.ready.workloadApi));
    await new Promise<void>((resolve) => watching.onLine(() => resolve()));
    const gateOf = async (verb: string) =>
      (await fetchAdmin(server, `/v1/authorities/gate?verb=${verb}`)) as { open: boolean; blockers: unknown[] };
    assert.equal((await run('ca', 'prepare', ...admin(server))).code, 0);
    assert.deepEqual((await gateOf('activate')).blockers, []);
    const { x509Authorities } = (await fetchAdmin(server, '/v1/authorities')) as {
      x509Authorities: { unexpiredSvids: number }[];
    };
    assert.equal(x509Authorities[0]?.unexpiredSvids, 0);
    const rows = (await gatehouseJson('ca', 'ledger', ...admin(server))) as { rows: { channel: string }[] };
    assert.deepEqual([...new Set(rows.rows.map(({ channel }) => channel))], ['look'], 'they are in the ledger');
    assert.equal((await run('ca', 'activate', ...admin(server))).code, 0);
    assert.equal((await run('ca', 'taint', ...admin(server))).code, 0);
    assert.deepEqual((await gateOf('revoke')).blockers, [], 'nor does the last step wait for them');
    const holder = (await fetchNow('--show-key')).json as { svids: { keyPem?: string }[] };
    assert.match(holder.svids[0]?.keyPem ?? '', /PRIVATE KEY/);
    assert.equal((await run('ca', 'prepare', ...admin(server))).code, 0);
    assert.equal((await gateOf('activate')).blockers.length, 1, 'who has the key is a holder');
  });

  it('goes on with a rotation that ^C has stopped, and then shows forecast and actual', async () => {
    using consumer = sdsConsumer(server.ready.workloadApi, 'acknowledges');
    await eventually('it was answered', () => (consumer.answers > 0 ? true : undefined));
    consumer.behave('is silent');
    await using first = startChild(...gatehouseCommand('ca', 'rotate', ...admin(server), ...json));
    await new Promise<void>((resolve, reject) => {
      first.onLine((line) => {
        const { event, verb } = JSON.parse(line) as { event: string; verb?: string };
        if (event === 'waiting' && verb === 'activate') resolve();
      });
      void first.ended.then((how) => reject(new Error(`${how}: ${first.stderr()}`)));
    });
    assert.equal(await first.stop('SIGINT'), 'SIGINT');
    const impatient = await run('ca', 'rotate', ...admin(server), '--timeout', '1ms');
    assert.equal(impatient.code, 1);
    assert.match(impatient.stdout, /next is activate\n[\s\S]*stopped waiting to activate: 1 in the way/);
    consumer.behave('acknowledges');

    await using second = startChild(...gatehouseCommand('ca', 'rotate', ...admin(server), ...json));
    const events: Record<string, unknown>[] = [];
    const waits = new Promise<void>((resolve) => {
      second.onLine((line) => {
        const event = JSON.parse(line) as Record<string, unknown>;
        events.push(event);
        if (event['event'] === 'waiting' && event['verb'] === 'revoke') resolve();
      });
    });
    await waits; // what the old authority signed lives for an hour
    await second.stop('SIGINT');
    assert.deepEqual(
      events.map(({ event, verb }) => `${String(event)} ${String(verb)}`),
      ['resumed activate', 'step activate', 'step taint', 'waiting revoke'],
    );
    const compared = (await fetchAdmin(server, '/v1/rehearsal')) as {
      forecast: { activateSafeAt: string };
      actual: { activatedAt: string; taintedAt: string; revokedAt: string | null };
    };
    assert.ok(Date.parse(compared.actual.activatedAt) >= Date.parse(compared.forecast.activateSafeAt));
    assert.equal(compared.actual.revokedAt, null);
  });

  it('rotates the keys of tokens likewise, and reads the ledger a page at a time', async () => {
    const done = await run('ca', 'rotate', '--jwt', ...admin(server));
    assert.equal(done.code, 0, done.stdout + done.stderr);
    assert.match(done.stdout, /prepare: done[\s\S]*activate: done[\s\S]*taint: done[\s\S]*revoke: done/);
    for (let i = 0; i < 3; i += 1) {
      using consumer = sdsConsumer(server.ready.workloadApi, 'acknowledges');
      await eventually('it was answered', () => (consumer.answers > 0 ? true : undefined));
    }
    const serials: string[] = [];
    let page: string | undefined;
    do {
      const query = `/v1/ledger?spiffeId=${encodeURIComponent(productpage)}&since=1h&limit=2${page ? `&page=${page}` : ''}`;
      const answer = (await fetchAdmin(server, query)) as { rows: { serial: string }[]; next?: string };
      serials.push(...answer.rows.map(({ serial }) => serial));
      page = answer.next;
    } while (page !== undefined);
    assert.equal(serials.length, 3);
    assert.equal(new Set(serials).size, 3);
    const table = await run('ca', 'ledger', '--id', productpage, '--until', '1h', ...admin(server));
    assert.match(table.stdout, /^nothing/);
  });
});

async function fetchAdmin(server: RunningGatehouse, path: string): Promise<unknown> {
  return (await askAdmin(server.ready.admin, 'GET', path)).body;
}

describe('the operator revokes an identity', function () {
  this.timeout(300_000);

  it('by ID: denied on every decider, after a restart too, and in the CRL; undone once nothing lives that it keeps out', async () => {
    await using dir = await configured({ extAuthz: { workers: 2 }, ttl: '20s' });
    const reasonsOf = async (server: RunningGatehouse): Promise<Set<string>> => {
      const reasons = new Set<string>();
      for (let i = 0; i < 4; i += 1) {
        using client = checkClient(server.ready.extAuthz); // connections go to the deciders in turn
        const answer = await client.ask(question('GET'));
        reasons.add('reason' in answer ? answer.reason : answer.details);
      }
      return reasons;
    };
    await using first = await runGatehouse(dir.config);
    assert.equal((await run('svid', 'fetch', '--write', dir.at('svid'), '--socket', first.ready.workloadApi)).code, 0);
    assert.deepEqual(await reasonsOf(first), new Set(['rule_allowed']));
    const revoked = await run('svid', 'revoke', '--id', productpage, '--reason', 'leaked', ...admin(first), ...json);
    assert.equal(revoked.code, 0, revoked.stderr);
    assert.equal(revoked.json['inForce'], true);
    const tooEarly = await run('svid', 'revoke', '--undo', '--id', productpage, ...admin(first), ...json);
    assert.deepEqual([tooEarly.code, tooEarly.json['code']], [1, 'not_sound']);
    assert.equal((revoked.json['deciders'] as unknown[]).length, 2);
    assert.match(JSON.stringify(revoked.json['cannotCut']), /max_stream_duration/);
    assert.deepEqual(await reasonsOf(first), new Set(['revoked']));
    assert.equal((await run('svid', 'fetch', '--socket', first.ready.workloadApi)).code, 1, 'nothing is issued to it');
    const explained = await run('entry', 'explain', '--pid', String(process.pid), ...admin(first), ...json);
    assert.deepEqual([explained.code, explained.json['entitled'], explained.json['revoked']], [1, [], [productpage]]);
    assert.match((await run('entry', 'list', ...admin(first))).stdout, /productpage .* revoked\n/);
    const crl = await (await fetch(`http://${first.ready.health}/crl.pem`)).text();
    writeFileSync(dir.at('crl.pem'), crl);
    await eventually('the file is there', async () =>
      (await readFile(dir.at('data/crl.pem'), 'utf8')) === crl ? true : undefined,
    );
    const verified = openssl([
      ...['verify', '-x509_strict', '-crl_check', '-CAfile', dir.at('svid/bundle.pem')],
      ...['-CRLfile', dir.at('crl.pem'), dir.at('svid/svid.pem')],
    ]);
    assert.match(verified.text, /certificate revoked/);
    await first.stop('SIGKILL');

    await using second = await runGatehouse(dir.config);
    assert.deepEqual(await reasonsOf(second), new Set(['revoked']));
    assert.match((await run('svid', 'revocations', ...admin(second))).stdout, /id +spiffe:.*productpage .*leaked/);
    process.kill(second.ready.deciderPids[0]!, 'SIGKILL');
    await eventually('the decider that was started again denies too', async () => {
      assert.deepEqual(await reasonsOf(second), new Set(['revoked']));
      const status = (await fetchAdmin(second, '/v1/status')) as { deciders: { generation: number }[] };
      return status.deciders.length === 2 && status.deciders.every(({ generation }) => generation > 0)
        ? true
        : undefined;
    });
    await eventually('it can be undone', async () => {
      const undone = await run('svid', 'revoke', '--undo', '--id', productpage, ...admin(second));
      return undone.code === 0 ? true : undefined;
    });
    assert.deepEqual(await reasonsOf(second), new Set(['rule_allowed']));
    const verbs = (await auditOf(second)).map(({ verb, result }) => `${verb}: ${result}`);
    assert.ok(verbs.includes('svid revoke: done'));
    assert.ok(verbs.includes('svid revoke --undo: not_sound'));
    assert.equal(verbs[0], 'svid revoke --undo: done');
  });

  it('a name that nobody has is refused with the nearest one, and an answer says how many it hit', async () => {
    await using dir = await configured();
    await using server = await runGatehouse(dir.config);
    for (const name of ['one', 'two'])
      await run('svid', 'fetch', '--write', dir.at(name), '--socket', server.ready.workloadApi);
    const typo = productpage.replace('productpage', 'productpaeg');
    const wrong: readonly [flag: string, value: string, says: RegExp][] = [
      ['--id', typo, /not known.*did you mean spiffe:\S*productpage\?/],
      ['--id', `${productpage}/x/y/z/0/1/2`, /not known.*entry list show the names\. To revoke it before/],
      ['--spki', 'ab'.repeat(32), /not known/],
      ['--serial', 'abcd', /not known/],
    ];
    for (const [flag, value, says] of wrong) {
      const refused = await run('svid', 'revoke', flag, value, '--reason', 'incident', ...admin(server), ...json);
      assert.deepEqual([refused.code, refused.json['code']], [1, 'not_found'], value);
      assert.match(String(refused.json['message']), says);
    }
    const nothing = (await gatehouseJson('svid', 'revocations', ...admin(server))) as { rows: unknown[] };
    assert.deepEqual(nothing.rows, []);
    const undo = await run('svid', 'revoke', '--undo', '--id', typo, ...admin(server));
    assert.match(undo.stdout, /is not revoked\n/);
    const why = ['--override', '--reason', 'it must never start'];
    const ahead = await run('svid', 'revoke', '--id', typo, ...why, ...admin(server), ...json);
    assert.deepEqual([ahead.code, ahead.json['liveSvids']], [0, 0]);
    assert.match(JSON.stringify(ahead.json['warnings']), /nothing was ever issued/);
    const hit = await run('svid', 'revoke', '--id', productpage, '--reason', 'leaked', ...admin(server));
    assert.match(hit.stdout, /it hits 2 certificates that had not expired\n/);
    const near = await run('svid', 'revoke', '--undo', '--id', `${productpage}s`, ...admin(server));
    assert.match(near.stdout, /is not revoked; spiffe:\S+productpage is\n/);
    assert.match(
      (await run('ca', 'ledger', '--id', `${productpage}s`, ...admin(server))).stdout,
      /did you mean spiffe:/,
    );
    const ids = (await gatehouseJson('ca', 'status', ...admin(server))) as { x509Authorities: { id: string }[] };
    const id = ids.x509Authorities[0]!.id;
    const wrongId = `${id.slice(0, 7)}${id[7] === '0' ? '1' : '0'}`;
    assert.match((await run('ca', 'revoke', wrongId, ...admin(server))).stdout, new RegExp(`did you mean ${id}`));
    assert.match((await run('ca', 'revoke', id, '--jwt', ...admin(server))).stdout, /one of the x509 authorities/);
    assert.match(
      (await run('ca', 'ledger', '--authority', wrongId, ...admin(server))).stdout,
      new RegExp(`did you mean ${id}`),
    );
    assert.match((await run('ca', 'ledger', '--authority', id.slice(0, 12), ...admin(server))).stdout, /productpage/);
  });

  it('by serial and by key: refused until every decider has seen certificates, then only that certificate is denied', async () => {
    await using dir = await configured();
    await using server = await runGatehouse(dir.config);
    const certificate = async (name: string): Promise<string> => {
      await run('svid', 'fetch', '--write', dir.at(name), '--socket', server.ready.workloadApi);
      return readFileSync(dir.at(`${name}/svid.pem`), 'utf8');
    };
    const [bad, good] = [await certificate('bad'), await certificate('good')];
    const serial = openssl(['x509', '-noout', '-serial', '-in', dir.at('bad/svid.pem')])
      .text.trim()
      .replace('serial=', '');
    const blind = await run('svid', 'revoke', '--serial', serial, ...admin(server), ...json);
    assert.deepEqual([blind.code, blind.json['code']], [1, 'certificates_not_seen']);
    assert.match(String(blind.json['message']), /include_peer_certificate/);
    using client = checkClient(server.ready.extAuthz);
    const reasonOf = async (pem: string): Promise<string> => {
      const { attributes } = question('GET');
      // As Envoy sends it: URL-encoded PEM.
      const source = { ...attributes.source, certificate: encodeURIComponent(pem) };
      const answer = await client.ask({ attributes: { ...attributes, source } });
      return 'reason' in answer ? answer.reason : answer.details;
    };
    assert.equal(await reasonOf(bad), 'rule_allowed');
    assert.equal((await run('svid', 'revoke', '--serial', serial, ...admin(server))).code, 0);
    assert.equal(await reasonOf(bad), 'revoked');
    assert.equal(await reasonOf(good), 'rule_allowed');
    const rows = (await fetchAdmin(server, '/v1/ledger?kind=x509')) as { rows: { spkiSha256: string }[] };
    const byKey = await run('svid', 'revoke', '--spki', rows.rows[0]!.spkiSha256, ...admin(server));
    assert.equal(byKey.code, 0, byKey.stderr);
    assert.equal(await reasonOf(good), 'revoked');
    const unknown = await run('svid', 'revoke', '--serial', 'abcd', ...admin(server), ...json);
    assert.deepEqual([unknown.code, unknown.json['code']], [1, 'not_found']);
    assert.equal((await run('svid', 'revoke', '--serial', serial, '--id', productpage, ...admin(server))).code, 2);
    assert.equal((await run('svid', 'revoke', '--id', 'spiffe://other/x', ...admin(server))).code, 2);
  });
});

describe('the operator backs up and restores', function () {
  this.timeout(300_000);

  it('while it serves, into another place, and never beside a living authority', async () => {
    await using dir = await configured();
    await using server = await runGatehouse(dir.config);
    const before = (await fetchAdmin(server, '/v1/authorities')) as {
      x509Authorities: { id: string }[];
      sequence: number;
    };
    const file = dir.at('a.ghbk');
    assert.equal((await run('backup', file, ...admin(server))).code, 0);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    const beside = await run('restore', file, '--config', dir.config, ...json);
    assert.deepEqual([beside.code, beside.json['code']], [1, 'store_locked']);

    await using other = await configured();
    await writeFile(other.at('kek'), await readFile(dir.at('kek')));
    await mkdir(other.at('data'), { mode: 0o700 });
    const cut = other.at('cut.ghbk');
    await writeFile(cut, await readFile(file));
    await truncate(cut, (await stat(file)).size - 9);
    const short = await run('restore', cut, '--config', other.config, ...json);
    assert.deepEqual([short.code, short.json['code']], [1, 'store_unusable']);
    assert.match(String(short.json['message']), /cut short/);
    const unasked = await run('restore', file, '--config', other.config, ...json);
    assert.deepEqual([unasked.code, unasked.json['code']], [1, 'not_sound']);
    assert.match(String(unasked.json['message']), /--from-empty --reason/);
    assert.equal((await run('restore', file, '--config', other.config, '--from-empty')).code, 2, 'no reason');
    const done = await run('restore', file, '--config', other.config, '--from-empty', '--reason', 'disk lost');
    assert.equal(done.code, 0);
    assert.match(done.stdout, /made \d{4}-.*, \d+ s ago/);
    for (const { id } of before.x509Authorities) assert.match(done.stdout, new RegExp(`active x509 authority: ${id}`));
    await using restored = await runGatehouse(other.config);
    const after = (await fetchAdmin(restored, '/v1/authorities')) as typeof before;
    assert.deepEqual(
      after.x509Authorities.map(({ id }) => id),
      before.x509Authorities.map(({ id }) => id),
    );
    assert.ok(after.sequence > before.sequence);
    assert.deepEqual(
      (await auditOf(restored)).slice(0, 1).map(({ verb, result }) => [verb, result]),
      [['restore', 'done']],
    );
  });

  it('says what is missing without a key-encryption key', async () => {
    await using dir = await gatehouseDir();
    await using server = await runGatehouse(dir.config);
    const refused = await run('backup', dir.at('b.ghbk'), ...admin(server));
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /authority\.keyEncryptionKeyFile/);
  });
});

describe('the operator misspells or loses the store', function () {
  this.timeout(300_000);

  it('is told so, with every key and the way out, and begins anew only on purpose', async () => {
    await using dir = await gatehouseDir();
    let before: string[];
    {
      await using server = await runGatehouse(dir.config);
      assert.match(server.log(), /first start: .* gets new authorities/);
      const { x509Authorities } = (await fetchAdmin(server, '/v1/authorities')) as {
        x509Authorities: { id: string }[];
      };
      before = x509Authorities.map(({ id }) => id);
    }
    await dir.configure({ store: 'sqlite:./data/gatehous.db' });
    const refused = await run('serve', '--config', dir.config);
    assert.equal(refused.code, 2);
    for (const word of ['gatehous.db', ...before, 'gatehouse ca begin --reason TEXT'])
      assert.ok(refused.stderr.includes(word), refused.stderr);

    await dir.configure();
    {
      await using server = await runGatehouse(dir.config);
      assert.doesNotMatch(server.log(), /first start/);
      const beside = await run('ca', 'begin', '--reason', 'x', '--config', dir.config, ...json);
      assert.deepEqual([beside.code, beside.json['code']], [1, 'store_locked']);
    }
    const unneeded = await run('ca', 'begin', '--reason', 'x', '--config', dir.config, ...json);
    assert.deepEqual([unneeded.code, unneeded.json['code']], [1, 'slot_state']);

    await truncate(dir.at('data/gatehouse.db'), 0);
    assert.equal((await run('ca', 'begin', '--config', dir.config)).code, 2, 'no reason');
    const begun = await run('ca', 'begin', '--reason', 'disk lost', '--config', dir.config);
    assert.equal(begun.code, 0, begun.stderr);
    for (const id of before) assert.match(begun.stdout, new RegExp(`moved aside: .*keys/orphaned/${id}\\.key`));
    await using server = await runGatehouse(dir.config);
    assert.ok((await auditOf(server)).some(({ verb, reason }) => verb === 'ca begin' && reason === 'disk lost'));
  });
});
