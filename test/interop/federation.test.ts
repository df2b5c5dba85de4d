import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startChild } from '../support/child.ts';
import { type CommandEnd, commandLineOf } from '../support/command-of.ts';
import { startHttpEcho } from '../support/echo-app.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { type GatehouseDir, gatehouseDir, usualListeners } from '../support/gatehouse-dir.ts';
import { runEnvoy } from '../support/run-envoy.ts';
import { type RunningGatehouse, runGatehouse } from '../support/run-gatehouse.ts';
import { sidecarBootstrap } from '../support/sidecar-bootstrap.ts';
import { cache, here, run } from './clients.ts';

type Ask = (...words: readonly string[]) => Promise<CommandEnd>;

interface Side {
  readonly dir: GatehouseDir;
  readonly server: RunningGatehouse;
  readonly ask: Ask;
}

/** A server of one trust domain, with a workload that knows the other's. */
async function open(
  stack: AsyncDisposableStack,
  own: { readonly name: string; readonly account: string; readonly port: number },
  other: { readonly name: string; readonly port: number },
  policy: string,
): Promise<Side> {
  const dir = stack.use(
    await gatehouseDir({
      trustDomain: own.name,
      authority: { refreshHint: '1s' },
      extAuthz: { verifyPeer: 'enforce' },
      tls: { dnsNames: ['localhost'] },
      listen: { ...usualListeners, bundle: `127.0.0.1:${own.port}` },
      federation: {
        trustDomains: {
          [other.name]: {
            url: `https://localhost:${other.port}/`,
            ...{ profile: 'https_spiffe', endpointSpiffeId: `spiffe://${other.name}/gatehouse/authority` },
          },
        },
      },
      entries: [
        { spiffeId: `spiffe://${own.name}/ns/default/sa/tool`, selectors: [`unix:uid:${process.geteuid?.() ?? -1}`] },
      ],
      workloads: [
        {
          ...{ namespace: 'default', serviceAccount: own.account, labels: { app: own.account } },
          ...{ socket: { path: './run/w.sock' }, federatesWith: [other.name] },
        },
      ],
    }),
  );
  await dir.policy('details', policy);
  const server = stack.use(await runGatehouse(dir.config));
  return { dir, server, ask: commandLineOf(dir.config) };
}

const done = async (end: Promise<CommandEnd>): Promise<string> => {
  const { code, out, err } = await end;
  assert.equal(code, 0, out + err);
  return out;
};

/** Gives one side the other's first bundle. */
async function introduce(side: Side, other: Side, name: string): Promise<void> {
  writeFileSync(side.dir.at('first.json'), await done(other.ask('bundle', 'show', '--format', 'spiffe')));
  await done(side.ask('bundle', 'set', name, side.dir.at('first.json'), '--reason', 'first'));
}

describe('two trust domains', function () {
  this.timeout(600_000);

  it('talk through Envoys that verify by the secret ALL, without one failed request while one rotates', async () => {
    await using stack = new AsyncDisposableStack();
    const [near, far] = [
      { name: 'near.example', account: 'caller', port: await freePort() },
      { name: 'other.example', account: 'callee', port: await freePort() },
    ];
    const policy = (principal: string): string => `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: a, namespace: default }
spec: { action: ALLOW, rules: [{ from: [{ source: { principals: [${principal}] } }] }] }
`;
    const [here, there] = [
      await open(stack, near, far, policy('near.example/ns/default/sa/nobody')),
      await open(stack, far, near, policy('near.example/ns/default/sa/caller')),
    ];
    await introduce(here, there, 'other.example');
    await introduce(there, here, 'near.example');
    const app = stack.use(await startHttpEcho());
    const envoyOf = async (side: Side, { name, account }: typeof near, ...flags: string[]) => {
      const bootstrap = await sidecarBootstrap(
        ...['--workload', `default/${account}`, '--trust-domain', name, '--admin', '127.0.0.1:0', '--federated'],
        ...['--sds', `unix:${side.dir.at('run/w.sock')}`, '--ext-authz', side.server.ready.extAuthz],
        ...['--access-log', side.dir.at('access.log'), ...flags],
      );
      return stack.use(await runEnvoy({ bootstrap, directory: side.dir.path, name: account, timeoutMs: 120_000 }));
    };
    const socket = `unix:${there.dir.at('callee.in')}`;
    await envoyOf(there, far, '--listen', socket, '--upstream', `127.0.0.1:${app.port}`);
    const caller = await envoyOf(
      ...([here, near, '--outbound', `127.0.0.1:0=${socket}=spiffe://other.example/ns/default/sa/callee`] as const),
    );
    const url = `http://127.0.0.1:${await caller.port('outbound_0')}/`;
    const agent = new Agent({ keepAlive: false });
    const once = (): Promise<number> =>
      new Promise((resolve, reject) => {
        get(url, { agent }, (answer) => {
          answer.resume().on('end', () => resolve(answer.statusCode ?? 0));
        }).on('error', reject);
      });
    await eventually('the first request passes', async () => ((await once()) === 200 ? true : undefined));

    let answered = 0;
    const failures: string[] = [];
    let isOver = false;
    const traffic = (async () => {
      while (!isOver) {
        const status = await once().catch((thrown: unknown) => String(thrown));
        if (status === 200) answered++;
        else failures.push(`${status}`);
        await delay(20);
      }
    })();
    for (const { ask } of [there, here]) {
      await done(ask('ca', 'prepare'));
      await eventually('the gate of activate opens', async () =>
        (await ask('ca', 'activate')).code === 0 ? true : undefined,
      );
      await done(ask('ca', 'taint', '--reason', 'renew all'));
      await eventually('all hold what the new authority has signed', async () => {
        const { x509Authorities } = JSON.parse((await ask('ca', 'status', '--output', 'json')).out) as {
          x509Authorities: { slot: string; unexpiredSvids: number }[];
        };
        return x509Authorities.some(({ slot, unexpiredSvids }) => slot === 'active' && unexpiredSvids > 0)
          ? true
          : undefined;
      });
      const before = answered;
      await eventually('traffic goes on', () => (answered > before + 20 ? true : undefined));
    }
    isOver = true;
    await traffic;
    assert.deepEqual(failures, []);
    assert.ok(answered > 50, `${answered} answered`);
  });

  it('federate with go-spiffe, which serves its bundle under both profiles and is believed by neither mistake', async () => {
    mkdirSync(cache, { recursive: true });
    const server = join(cache, 'go-federation-server');
    run('go', ['build', '-o', server, './federation-server'], join(here, 'go'));
    await using dir = await gatehouseDir();
    await using web = startChild(server, ['web', 'other.example', dir.path]);
    await using spiffe = startChild(server, ['spiffe', 'third.example', dir.path]);
    const portOf = (child: typeof web): Promise<string> =>
      eventually('it listens', () => /^PORT (\d+)$/m.exec(child.stdout())?.[1]);
    const [webPort, spiffePort] = [await portOf(web), await portOf(spiffe)];
    await dir.configure({
      federation: {
        trustDomains: {
          'other.example': { url: `https://localhost:${webPort}/`, profile: 'https_web', ca: './web.pem' },
          'third.example': {
            url: `https://127.0.0.1:${spiffePort}/`,
            ...{ profile: 'https_spiffe', endpointSpiffeId: 'spiffe://third.example/endpoint' },
          },
          'wrong.example': {
            url: `https://127.0.0.1:${spiffePort}/`,
            ...{ profile: 'https_spiffe', endpointSpiffeId: 'spiffe://third.example/another' },
          },
        },
      },
    });
    await using gatehouse = await runGatehouse(dir.config);
    const ask = commandLineOf(dir.config);
    await done(ask('bundle', 'set', 'third.example', dir.at('third.example.json'), '--reason', 'first'));
    interface Row {
      readonly trustDomain: string;
      readonly sequence: string | null;
      readonly endpoint: { readonly fetchedAt: string | null; readonly failure: string | null } | null;
    }
    const rowOf = async (name: string): Promise<Row> => {
      const { bundles } = JSON.parse(await done(ask('bundle', 'list', '--output', 'json'))) as { bundles: Row[] };
      return bundles.find(({ trustDomain }) => trustDomain === name)!;
    };
    for (const name of ['other.example', 'third.example']) {
      const row = await eventually(`${name} is fetched`, async () => {
        const found = await rowOf(name);
        return found.endpoint?.fetchedAt ? found : undefined;
      });
      assert.equal(row.sequence, '9007199254740995', 'beyond 2^53, as it was sent');
    }
    const wrong = await eventually('the other ID is asked for', async () => {
      const found = await rowOf('wrong.example');
      return found.endpoint?.failure?.includes('shows the SVID') === true ? found : undefined;
    });
    assert.match(wrong.endpoint?.failure ?? '', /shows the SVID of spiffe:\/\/third.example\/endpoint/);
    assert.ok(gatehouse.ready.ready);
  });
});
