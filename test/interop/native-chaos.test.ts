/**
 * Envoys that decide themselves while their policy is edited and Gatehouse dies, stops, is slow, or cannot be reached: no request is
 * allowed but by a version that is in force, and none fails.
 *
 * `NATIVE_PUSHES=1000` for the long run.
 */
import assert from 'node:assert/strict';
import { rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type EchoApp, startHttpEcho } from '../support/echo-app.ts';
import { eventually } from '../support/eventually.ts';
import { type FaultyLink, faultyLink } from '../support/faulty-link.ts';
import { type GuardedServer, startGuardedServer } from '../support/guarded-server.ts';
import { type TempDir, tempDir } from '../support/temp-dir.ts';
import { type VerdictWatch, watchVerdicts } from '../support/verdict-watch.ts';

const PUSHES = Number(process.env['NATIVE_PUSHES'] ?? 40);

const policy = (version: number): string => `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: numbered, namespace: default}
spec:
  selector: {matchLabels: {app: details}}
  rules:
    - from: [{source: {principals: [cluster.local/ns/default/sa/bookinfo-productpage]}}]
      to: [{operation: {methods: [GET], paths: [/n/${version}]}}]
`;

describe('an Envoy that decides itself, while what it follows fails', function () {
  this.timeout(Math.max(300_000, PUSHES * 3_000));
  let app: EchoApp;
  let dir: TempDir;
  let link: FaultyLink;
  let server: GuardedServer;
  let watch: VerdictWatch;

  before(async () => {
    app = await startHttpEcho();
    dir = await tempDir();
    let socket = '';
    link = await faultyLink(dir.at('link.sock'), () => socket);
    server = await startGuardedServer({
      ...{ upstreamPort: app.port, policies: { 'numbered.yaml': policy(0) }, flags: ['--native'] },
      edit(bootstrap) {
        [socket = ''] = /\/\S+\/run\/details\.sock/.exec(bootstrap) ?? [];
        return bootstrap.replaceAll(socket, dir.at('link.sock'));
      },
    });
    const identity = await server.identity('productpage');
    watch = watchVerdicts(server.port, identity);
    await inForce(0);
  });

  after(async () => {
    await watch?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
    await link?.[Symbol.asyncDispose]();
    await dir?.[Symbol.asyncDispose]();
    await app?.[Symbol.asyncDispose]();
  });

  async function push(version: number): Promise<void> {
    const file = join(server.directory, 'policies/numbered.yaml');
    const draft = join(dirname(file), '../draft');
    await writeFile(draft, policy(version));
    watch.written(version);
    await rename(draft, file);
  }

  async function inForce(version: number): Promise<void> {
    await eventually(`version ${version} is in force`, async () => (await watch.ask(version)) === 200 || undefined);
    watch.held(version);
  }

  /** What it holds is what it goes by, however long nobody answers. */
  async function goesOnBy(version: number): Promise<void> {
    for (let i = 0; i < 20; i++) assert.equal(await watch.ask(version), 200, `it goes on by ${version}`);
  }

  /** Each is given the version that it brings to the Envoy; the one before is in force. */
  const faults: readonly { readonly name: string; readonly every: number; run(version: number): Promise<void> }[] = [
    {
      name: 'Gatehouse is killed, and another one starts',
      every: 40,
      async run(version) {
        await server.gatehouse().stop('SIGKILL');
        await push(version);
        await goesOnBy(version - 1);
        await server.startGatehouse();
      },
    },
    {
      name: 'Gatehouse stands still',
      every: 20,
      async run(version) {
        const { pid, ready } = server.gatehouse();
        const pids = [pid, ...ready.deciderPids];
        for (const each of pids) process.kill(each, 'SIGSTOP');
        try {
          await push(version);
          await goesOnBy(version - 1);
        } finally {
          for (const each of pids) process.kill(each, 'SIGCONT');
        }
      },
    },
    {
      name: 'nothing gets through, either way',
      every: 10,
      async run(version) {
        link.hold();
        await push(version);
        await goesOnBy(version - 1);
        link.heal();
      },
    },
    {
      name: 'the connection is cut while the push is under way',
      every: 8,
      async run(version) {
        await push(version);
        link.cut();
      },
    },
    {
      name: 'all takes long',
      every: 5,
      async run(version) {
        link.slow(30);
        await push(version);
        await inForce(version);
        link.heal();
      },
    },
    { name: 'nothing fails', every: 1, run: push },
  ];

  it(`allows by no version that is not in force, and fails no request, over ${PUSHES} pushes`, async () => {
    const runs = new Map(faults.map(({ name }) => [name, { count: 0, ms: 0 }]));
    for (let version = 1; version <= PUSHES; version++) {
      const { name, run } = faults.find(({ every }) => version % every === 0)!; // the last fits always
      const beganAtMs = performance.now();
      await run(version);
      await inForce(version);
      const so = runs.get(name)!; // of the same table
      so.count += 1;
      so.ms += performance.now() - beganAtMs;
    }
    const { judged, wrong, failed } = watch.result();
    assert.deepEqual({ wrong, failed }, { wrong: [], failed: [] });
    assert.ok(judged > PUSHES * 10, `${judged} answers were judged`);
    assert.ok(
      [...runs.values()].every(({ count }) => count > 0),
      JSON.stringify([...runs]),
    );
    const each = [...runs].map(([name, { count, ms }]) => `${count} × ${name}, ${Math.round(ms / count)} ms each`);
    console.log(`      ${judged} answers judged\n${each.map((line) => `      ${line}`).join('\n')}`);
  });
});
