import assert from 'node:assert/strict';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import type { EdgesAnswer } from '../../../src/admin-api/edges.ts';
import {
  EnrolRequestSchema,
  type EnrolResponse,
  type FollowRequest,
  FollowRequestSchema,
  type ReportSchema,
} from '../../../src/gen/gatehouse/feed/v1/feed_pb.ts';
import { generateKeyDer } from '../../../src/identity/pki/key-type.ts';
import { makeCsr } from '../../../src/identity/pki/make-csr.ts';
import { certificatesToPem, toPem } from '../../../src/identity/pki/pem.ts';
import { connectFeed, type FeedCredentials } from '../../../src/server/feed/feed-connection.ts';
import { parseTrustDomain } from '../../../src/spiffe/trust-domain.ts';
import { askAdmin } from '../../support/ask-admin.ts';
import { commandLine } from '../../support/command-line.ts';
import { eventually } from '../../support/eventually.ts';
import { gatehouseDir, usualListeners } from '../../support/gatehouse-dir.ts';
import { type RunningGatehouse, runGatehouse } from '../../support/run-gatehouse.ts';

const trustDomain = parseTrustDomain('cluster.local');

interface Token {
  readonly token: string;
  readonly bundle: string;
}

/** An authority with a feed, and what a hostile decider can send to it. */
async function open() {
  const stack = new AsyncDisposableStack();
  const dir = stack.use(await gatehouseDir({ listen: { ...usualListeners, feed: '127.0.0.1:0' } }));
  const server = stack.use(await runGatehouse(dir.config));
  const ask = async (method: string, path: string, body?: object) => askAdmin(server.ready.admin, method, path, body);
  const token = async (more: object = {}): Promise<Token> => {
    const answer = await ask('POST', '/v1/join-tokens', { reason: 'test', ...more });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return answer.body as Token;
  };
  const enrol = async (who: FeedCredentials, decider: string, joinToken = ''): Promise<FeedCredentials> => {
    const keys = await generateKeyDer('ec-p256');
    using connection = connectFeed(server.ready.feed!, trustDomain, who);
    const csr = makeCsr(keys);
    const answer: EnrolResponse = await connection.enrol(create(EnrolRequestSchema, { csr, joinToken, decider }));
    const own = { chainPem: certificatesToPem(answer.chain), keyPem: toPem('PRIVATE KEY', keys.pkcs8) };
    return { trustedPem: who.trustedPem, own };
  };
  return {
    dir,
    server,
    ask,
    token,
    enrol,
    join: async (decider: string, more?: object) => {
      const made = await token(more);
      return enrol({ trustedPem: made.bundle }, decider, made.token);
    },
    follow: (who: FeedCredentials, decider: string) => follow(server, who, decider),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** Says hello, and answers whether it is followed: `followed`, or how it was refused. */
function follow(server: RunningGatehouse, who: FeedCredentials, decider: string): Promise<string> {
  const connection = connectFeed(server.ready.feed!, trustDomain, who);
  const call = connection.follow();
  const word: FollowRequest['word'] = {
    case: 'hello',
    value: { $typeName: 'gatehouse.feed.v1.Hello', trustDomain, decider },
  };
  call.write(create(FollowRequestSchema, { word }));
  return new Promise<string>((resolve) => {
    call.once('data', () => resolve('followed'));
    call.once('error', (error) => resolve(error.message));
  }).finally(() => {
    call.cancel();
    connection[Symbol.dispose]();
  });
}

/** Says hello and reports; `ended`: how the stream was ended. */
function report(
  server: RunningGatehouse,
  who: FeedCredentials,
  decider: string,
  reports: readonly MessageInitShape<typeof ReportSchema>[],
): { readonly ended: Promise<string>; readonly cancel: () => void } {
  const connection = connectFeed(server.ready.feed!, trustDomain, who);
  const call = connection.follow();
  const say = (word: NonNullable<MessageInitShape<typeof FollowRequestSchema>['word']>): void =>
    void call.write(create(FollowRequestSchema, { word }));
  say({ case: 'hello', value: { trustDomain, decider } });
  for (const value of reports) say({ case: 'report', value });
  call.on('data', () => undefined);
  const ended = new Promise<string>((resolve) => call.once('error', (error) => resolve(error.message)));
  const cancel = (): void => {
    call.cancel();
    connection[Symbol.dispose]();
  };
  return { ended, cancel };
}

describe('a hostile decider', function () {
  this.timeout(300_000);

  it('has one name, the one with which it joined, whatever it says', async () => {
    await using scene = await open();
    const own = await scene.join('node-a');
    await assert.rejects(scene.enrol(own, 'spare'), {
      code: 'not_entitled',
      message: /is of the decider node-a, not of spare/,
    });
    assert.match(await scene.follow(own, 'node-b'), /is of the decider node-a, not of node-b/);
    assert.equal(await scene.follow(own, 'node-a'), 'followed');
    const again = await scene.enrol(own, 'node-a');
    assert.equal(await scene.follow(again, 'node-a'), 'followed');
  });

  it('takes no name of another by a token of its own, nor a token that is for another', async () => {
    await using scene = await open();
    await scene.join('node-a');
    await assert.rejects(scene.join('node-a'), {
      code: 'not_entitled',
      message: /node-a has joined and holds a certificate/,
    });
    await assert.rejects(scene.join('node-b', { decider: 'node-c' }), {
      code: 'not_entitled',
      message: /is for the decider node-c/,
    });
    assert.ok(await scene.join('node-c', { decider: 'node-c' }));
  });

  it('is thrown out by its name, with everything that it enrolled, its tokens, and the way back', async () => {
    await using scene = await open();
    const first = await scene.join('node-a');
    const spares = [await scene.enrol(first, 'node-a'), await scene.enrol(first, 'node-a')];
    const other = await scene.join('node-b');
    const kept = await scene.token({ decider: 'node-a' });
    const run = await commandLine(
      'svid',
      'revoke',
      '--decider',
      'node-a',
      '--reason',
      'lost',
      '--admin',
      scene.server.ready.admin,
      '--output',
      'json',
    );
    assert.equal(run.code, 0, run.err + run.out);
    const answer = JSON.parse(run.out) as { inForce: boolean; liveSvids: number };
    assert.deepEqual([answer.inForce, answer.liveSvids], [true, 3]);
    for (const each of [first, ...spares]) {
      assert.match(await scene.follow(each, 'node-a'), /only a decider may follow/);
      await assert.rejects(scene.enrol(each, 'node-a'), { code: 'not_entitled' });
      await assert.rejects(scene.enrol(each, 'other'), { code: 'not_entitled' });
    }
    await assert.rejects(scene.enrol({ trustedPem: kept.bundle }, 'node-a', kept.token), { code: 'not_entitled' });
    await assert.rejects(scene.join('node-a'), { code: 'not_entitled', message: /node-a was thrown out/ });
    assert.equal(await scene.follow(other, 'node-b'), 'followed');
    assert.ok(await scene.enrol(other, 'node-b'));
    const crl = (await scene.ask('GET', '/v1/revocations')).body as { rows: { kind: string; value: string }[] };
    assert.deepEqual(crl.rows.map(({ kind }) => kind).sort(), ['decider', 'serial', 'serial', 'serial']);
    const undo = await scene.ask('POST', '/v1/revocations/undo', { kind: 'decider', value: 'node-a', reason: 'x' });
    assert.equal(undo.status, 409, 'its certificates still live');
  });

  it('reports under its own name alone; what makes no sense ends its stream, and what others said stays', async () => {
    await using scene = await open();
    const row = (caller: string) => ({
      what: { case: 'edge' as const, value: { caller, namespace: 'default', denied: true } },
    });
    const honest = report(scene.server, await scene.join('node-a'), 'node-a', [
      { rows: [row('a')], changed: [0], counts: [7n], lastAt: [1n], complete: true },
    ]);
    const edges = async () => {
      const { body } = await scene.ask('GET', '/v1/edges');
      const { edges: rows, deciders } = body as EdgesAnswer; // held to its schema by askAdmin
      return { rows: rows.map(({ decider, caller, count }) => [decider, caller, count]), deciders };
    };
    await eventually('the honest one is heard', async () => ((await edges()).rows.length === 1 ? true : undefined));
    const own = await scene.join('node-b');
    const forged = report(scene.server, own, 'node-a', [
      { rows: [row('b')], changed: [0], counts: [9n], lastAt: [1n], complete: true },
    ]);
    assert.match(await forged.ended, /is of the decider node-b, not of node-a/);
    for (const nonsense of [
      { changed: [4_000_000_000], counts: [1n], lastAt: [1n] },
      { rows: [row('x'.repeat(3_000))] },
      { totals: { denied: 2n ** 64n - 1n } },
    ]) {
      const hostile = report(scene.server, own, 'node-b', [nonsense]);
      assert.match(await hostile.ended, /a report makes no sense/);
    }
    const flood = report(scene.server, own, 'node-b', [
      ...Array.from({ length: 300 }, (_, i) => ({ rows: Array.from({ length: 40 }, (__, j) => row(`${i} ${j}`)) })),
    ]);
    assert.match(await flood.ended, /it names more rows than a decider has/);
    const { rows, deciders } = await edges();
    assert.deepEqual(rows, [['node-a', 'a', 7]]);
    assert.deepEqual(
      deciders.map(({ decider, state }) => [decider, state]),
      [
        [null, 'here'],
        ['node-a', 'reporting'],
        ['node-b', 'silent'],
      ],
    );
    honest.cancel();
  });

  it('is shown by name in the ledger, and a slip of the pen throws nobody out', async () => {
    await using scene = await open();
    await scene.join('node-a');
    const { out } = await commandLine('ca', 'ledger', '--admin', scene.server.ready.admin);
    assert.match(out, /CONSUMER/);
    assert.match(out, /feed:node-a$/m);
    const slip = await commandLine(
      'svid',
      'revoke',
      '--decider',
      'nodea',
      '--reason',
      'x',
      '--admin',
      scene.server.ready.admin,
    );
    assert.equal(slip.code, 1);
    assert.match(slip.out, /did you mean node-a\?/);
  });
});
