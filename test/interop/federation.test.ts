import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startChild } from '../support/child.ts';
import { commandLineOf } from '../support/command-of.ts';
import { eventually } from '../support/eventually.ts';
import { gatehouseDir } from '../support/gatehouse-dir.ts';
import { shownBy } from '../support/run-envoy.ts';
import { runGatehouse } from '../support/run-gatehouse.ts';
import { svidOf } from '../support/svid-of.ts';
import { cache, here as home, run } from './clients.ts';
import { directCaller } from './direct-caller.ts';
import { steadyCalls } from './steady-calls.ts';
import { callee, callerOf, done, moveOn, type Side, twoTrustDomains } from './two-trust-domains.ts';

const override = (side: Side, verb: string, ...flags: readonly string[]): Promise<string> =>
  done(side.command('ca', verb, ...flags, '--override', '--reason', 'key stolen'));

describe('two trust domains', function () {
  this.timeout(600_000);

  it('talk through Envoys that verify by the secret ALL, without one failed request while one rotates', async () => {
    await using stack = new AsyncDisposableStack();
    const { here, there } = await twoTrustDomains(stack);
    const calls = await steadyCalls((await callerOf(stack, here, await callee(stack, there))).url);
    for (const side of [there, here]) {
      await moveOn(side);
      await calls.more();
    }
    assert.deepEqual(await calls.end(), []);
  });

  it('refuse what a revoked authority of the other has signed, and nobody else', async () => {
    await using stack = new AsyncDisposableStack();
    const { here, there } = await twoTrustDomains(stack);
    const socket = await callee(stack, there);
    const { envoy, url } = await callerOf(stack, here, socket);
    const fromHere = await steadyCalls(url);
    const fromThere = await steadyCalls((await callerOf(stack, there, socket)).url);
    const shown = await shownBy(envoy);
    const ca = await done(there.command('bundle', 'show', '--trust-domain', there.name, '--format', 'pem'));
    const caller = async () => directCaller(socket, { ...(await svidOf(here.at('run/caller.sock'))), ca });
    const token = () => done(here.command('jwt', 'fetch', '--audience', 'shop'));
    const validate = async (given: string) =>
      (await there.command('jwt', 'validate', given, '--audience', 'shop')).code;
    const [oldCall, oldToken] = [await caller(), await token()];
    assert.deepEqual([await oldCall(), await validate(oldToken)], [200, 0]);

    await moveOn(here);
    await done(here.command('ca', 'prepare', '--jwt'));
    for (const verb of ['activate', 'taint']) await override(here, verb, '--jwt');
    const [newCall, newToken] = [await caller(), await token()];
    assert.deepEqual([await oldCall(), await validate(oldToken)], [200, 0]);
    await eventually('its Envoy has another certificate', async () => (await shownBy(envoy)) !== shown || undefined);
    await override(here, 'revoke');
    await override(here, 'revoke', '--jwt');

    await eventually('it is known over there', async () => (await oldCall()) !== 200 || undefined);
    assert.match(String(await oldCall()), /alert|ECONNRESET|socket hang up/);
    assert.equal(await newCall(), 200);
    await eventually('its key too', async () => (await validate(oldToken)) !== 0 || undefined);
    assert.equal(await validate(newToken), 0);
    await fromThere.more();
    assert.deepEqual(await fromThere.end(), []);
    const afterwards = await steadyCalls(url);
    await afterwards.more();
    assert.deepEqual(await afterwards.end(), []);
    assert.deepEqual(await fromHere.end(), ['403'], 'once, on the connection that began with what is revoked');
  });

  it('federate with go-spiffe, which serves its bundle under both profiles and is believed by neither mistake', async () => {
    mkdirSync(cache, { recursive: true });
    const server = join(cache, 'go-federation-server');
    run('go', ['build', '-o', server, './federation-server'], join(home, 'go'));
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
