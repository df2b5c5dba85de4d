/**
 * The proof that a rotation is safe: real Envoys, traffic that does not stop, a consumer that never acknowledges.
 * Said once, run short with `npm test` and long with `npm run rotation`.
 * @module
 */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { request } from 'node:https';
import { connect } from 'node:tls';
import { startChild } from './child.ts';
import { eventually } from './eventually.ts';
import { idOf, type RotationMesh, type RotationMeshOptions, startRotationMesh } from './rotation-mesh.ts';
import { gatehouseCommand, gatehouseJson } from './run-gatehouse.ts';
import { type SdsConsumer, sdsConsumer } from './sds-consumer.ts';
import { type Failure, startTraffic, summaryOf } from './traffic.ts';

const LEGACY = 'legacy';

interface ForecastAnswer {
  readonly laggards: readonly { readonly spiffeId: string }[];
  readonly ifOverridden: {
    readonly firstBreakAt: string;
    readonly lacking: readonly string[];
    readonly pairs: readonly { readonly caller: string; readonly callee: string }[];
  };
}

/** @param waitMs  how long a rotation is left waiting for one that never acknowledges */
export function describeRotationProof(
  title: string,
  options: RotationMeshOptions & { readonly waitMs: number; readonly timeoutMs: number },
): void {
  describe(title, function () {
    this.timeout(options.timeoutMs);
    let mesh: RotationMesh;
    const admin = (): [string, string] => ['--admin', mesh.gatehouse.ready.admin];

    before(async () => {
      mesh = await startRotationMesh({ ...options, others: [LEGACY] });
    });
    after(() => mesh?.[Symbol.asyncDispose]());

    async function rotate(...flags: string[]): Promise<{ code: number | string; events: Record<string, unknown>[] }> {
      await using child = startChild(...gatehouseCommand('ca', 'rotate', ...admin(), ...flags, '--output', 'json'));
      const code = await child.ended;
      const lines = child.stdout().split('\n').filter(Boolean);
      return { code, events: lines.map((line) => JSON.parse(line) as Record<string, unknown>) }; // our own output
    }

    it('rotates root and key under traffic: no request fails, no stream is cut', async () => {
      const traffic = startTraffic(mesh.pairs);
      try {
        await traffic.more(50);
        const before = await Promise.all(mesh.pairs.map(({ serverPort }) => issuerAt(serverPort)));
        const { code, events } = await rotate('--reason', 'proof');
        assert.deepEqual(summaryOf(traffic.failures), []);
        assert.equal(code, 0, JSON.stringify(events.slice(-2)));
        assert.deepEqual(
          events.filter(({ event }) => event === 'step').map(({ verb }) => verb),
          ['prepare', 'activate', 'taint', 'revoke'],
        );
        const { lines } = traffic;
        await traffic.more(50);
        const after = await Promise.all(mesh.pairs.map(({ serverPort }) => issuerAt(serverPort)));
        for (const [i, issuer] of after.entries()) assert.notEqual(issuer, before[i], 'the new authority signed it');
        assert.equal(new Set(after).size, 1);
        await eventually('streams go on', () => (traffic.lines > lines ? true : undefined));
      } finally {
        await traffic.stop();
      }
      assert.deepEqual(summaryOf(traffic.failures), []);
      console.log(`      ${traffic.answered} requests answered, ${traffic.lines} lines of streams, 0 failed`);
    });

    it('stops at the gate for one that never acknowledges, names it, and nothing breaks; overridden, what was forecast breaks', async () => {
      using legacy = sdsConsumer(mesh.socketOf(LEGACY), 'is silent');
      await eventually('it has an identity', () => (legacy.identity?.key ? true : undefined));
      const roots = legacy.identity!.ca; // it never takes another
      const target = mesh.pairs[0]!;
      const traffic = startTraffic(mesh.pairs);
      const calls = startLegacyCalls(legacy, roots, target.serverPort);
      try {
        await calls.more(5);
        const { code, events } = await rotate('--timeout', `${options.waitMs}ms`);
        assert.equal(code, 1);
        const { event, verb, blockers } = events.at(-1) as {
          event: string;
          verb: string;
          blockers: { spiffeId: string }[];
        };
        assert.deepEqual([event, verb], ['timeout', 'activate']);
        assert.deepEqual(new Set(blockers.map(({ spiffeId }) => spiffeId)), new Set([idOf(LEGACY)]));
        assert.deepEqual(summaryOf([...traffic.failures, ...calls.failures]), []);

        const forecast = (await rehearsed(...admin())) as ForecastAnswer;
        assert.deepEqual([...new Set(forecast.laggards.map(({ spiffeId }) => spiffeId))], [idOf(LEGACY)]);
        assert.deepEqual(forecast.ifOverridden.lacking, [idOf(LEGACY)]);
        await gatehouseJson('ca', 'activate', ...admin(), '--override', '--reason', 'the proof');
        await eventually('it breaks', () => (calls.failures.length > 0 ? true : undefined), options.timeoutMs / 2);
        const [first] = calls.failures;
        assert.match(first!.what, /unable to (verify|get)|self.signed|issuer/i);
        assert.ok(first!.at >= Date.parse(forecast.ifOverridden.firstBreakAt) - 1000, 'not before the forecast');
        await traffic.more(100);
        assert.deepEqual(summaryOf(traffic.failures), [], 'nothing else breaks');
        assert.deepEqual(forecast.ifOverridden.pairs, [{ caller: idOf(LEGACY), callee: target.callee }]);
      } finally {
        await calls.stop();
        await traffic.stop();
      }
    });
  });
}

/** Exit code 1 is an answer too: somebody would not be ready by waiting. */
async function rehearsed(...admin: string[]): Promise<unknown> {
  await using child = startChild(...gatehouseCommand('ca', 'rehearse', ...admin, '--output', 'json'));
  await child.ended;
  return JSON.parse(child.stdout());
}

/** Who issued the certificate that a listener shows. */
function issuerAt(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
      const { raw } = socket.getPeerCertificate();
      socket.destroy();
      resolve(new X509Certificate(raw).issuer);
    });
    socket.on('error', reject);
  });
}

/** A client that renews its certificate and never its roots. */
function startLegacyCalls(legacy: SdsConsumer, roots: string, port: number) {
  const failures: Failure[] = [];
  const waiting: { at: number; resolve: () => void }[] = [];
  let answered = 0;
  let stopping = false;
  const call = (): Promise<number> =>
    new Promise((resolve, reject) => {
      const { cert, key } = legacy.identity!; // it has one before the calls begin
      const tls = { cert, key, ca: roots, checkServerIdentity: () => undefined, ALPNProtocols: ['http/1.1'] };
      request({ host: '127.0.0.1', port, path: '/', agent: false, ...tls }, (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode ?? 0));
      })
        .on('error', reject)
        .end();
    });
  const running = (async () => {
    while (!stopping) {
      const note = (what: string): void =>
        void (
          failures.length < 1_000 && failures.push({ at: Date.now(), caller: idOf(LEGACY), callee: String(port), what })
        );
      try {
        const status = await call();
        if (status === 200) answered += 1;
        else note(String(status));
      } catch (thrown) {
        note(thrown instanceof Error ? thrown.message : String(thrown));
      }
      for (const each of waiting.splice(0)) {
        if (answered >= each.at) each.resolve();
        else waiting.push(each);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  })();
  return {
    failures,
    more: (count: number) => new Promise<void>((resolve) => waiting.push({ at: answered + count, resolve })),
    async stop() {
      stopping = true;
      await running;
    },
  };
}
