import assert from 'node:assert/strict';
import { createAdminClient } from '../../../src/admin-api/client.ts';
import type { StreamEvent } from '../../../src/admin-api/stream.ts';
import { createAdminTransport } from '../../../src/cli/admin/admin-transport.ts';
import { checkClient, question } from '../../support/check-client.ts';
import { eventually } from '../../support/eventually.ts';
import { allowing, gatehouseDir } from '../../support/gatehouse-dir.ts';
import { type RunningGatehouse, runGatehouse } from '../../support/run-gatehouse.ts';

type Decisions = Extract<StreamEvent, { type: 'decisions' }>;

const clientOf = ({ ready }: RunningGatehouse) =>
  createAdminClient(
    createAdminTransport({
      address: ready.admin,
      options: { socketPath: ready.admin.replace(/^unix:/, '') },
      tls: false,
    }),
  );

/** Waits until something holds. */
const until = (what: () => boolean | Promise<boolean>): Promise<true> =>
  eventually(what.toString(), async () => ((await what()) ? true : undefined));

/** Listens until told to stop; what came so far is in `events`. */
function listening(stream: AsyncIterable<StreamEvent>) {
  const events: StreamEvent[] = [];
  const iterator = stream[Symbol.asyncIterator]();
  const ended = (async () => {
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) events.push(next.value);
  })();
  const batches = (): readonly Decisions[] => events.filter((event) => event.type === 'decisions');
  return { events, ended, batches, decisions: () => batches().flatMap((batch) => batch.decisions) };
}

describe('GET /v1/stream', function () {
  this.timeout(300_000);

  it('tells decisions and changes as they come, and goes on where it was left', async () => {
    await using dir = await gatehouseDir();
    await using server = await runGatehouse(dir.config);
    const client = clientOf(server);
    using asking = checkClient(server.ready.extAuthz);
    await asking.ask(question('PATCH')); // before anybody listens
    await until(async () => (await client.ask('GET /v1/decisions')).decisions.length === 1);

    const all = listening(await client.ask('GET /v1/stream'));
    const denied = listening(await client.ask('GET /v1/stream', { decision: 'deny' }));
    await until(() => all.events.length > 0 && denied.events.length > 0);
    await asking.ask(question('GET'));
    await asking.ask(question('POST'));
    await until(() => all.decisions().length === 2 && denied.decisions().length === 1);
    assert.deepEqual(
      all.decisions().map(({ request, decision }) => [request?.method, decision]),
      [
        ['GET', 'allow'],
        ['POST', 'deny'],
      ],
    );
    assert.deepEqual(
      denied.decisions().map(({ request }) => request?.method),
      ['POST'],
    );
    assert.ok(all.batches().every(({ gap, missed }) => !gap && missed === 0));

    const [first] = all.events;
    assert.ok(first?.type === 'state' && first.ready && first.bundleSequence !== undefined);
    await dir.policy('details', allowing('PUT'));
    await until(() => all.events.some((event) => event.type === 'state' && event.generation > first.generation));
    await dir.policy('details', 'kind: nothing that is known\napiVersion: security.istio.io/v1\n');
    await until(() => all.events.some((event) => event.type === 'state' && (event.degraded ?? []).length > 0));

    const left = all.batches()[0]!.next; // there was one
    const again = listening(await client.ask('GET /v1/stream', { after: left }));
    await until(() => again.decisions().length > 0 || all.batches().length === 1);
    if (all.batches().length > 1) assert.equal(again.decisions()[0]?.request?.method, 'POST');
    await server.stop();
    await Promise.allSettled([all.ended, denied.ended, again.ended]);
  });

  it('counts what comes faster than it is told', async () => {
    await using dir = await gatehouseDir();
    await using server = await runGatehouse(dir.config);
    const client = clientOf(server);
    const all = listening(await client.ask('GET /v1/stream'));
    await until(() => all.events.length > 0);
    using asking = checkClient(server.ready.extAuthz);
    const asked = 4_000;
    for (let i = 0; i < asked; i += 200)
      await Promise.all(Array.from({ length: 200 }, () => asking.ask(question(i % 400 === 0 ? 'GET' : 'POST'))));
    const came = () => all.batches().reduce((sum, { decisions, missed }) => sum + decisions.length + (missed ?? 0), 0);
    await until(async () => {
      const { denied = 0, allowed = 0 } = (await client.ask('GET /v1/status')).decisions ?? {};
      return allowed + denied >= asked;
    });
    const state = () => all.events.findLast((event) => event.type === 'state');
    await until(() => (state()?.allowed ?? 0) + (state()?.denied ?? 0) >= asked);
    assert.ok(
      came() <= asked,
      `${came()} of ${asked}: what the deciders themselves had no room for is in the state alone`,
    );
    assert.ok(came() > 0);
    assert.ok(all.batches().every(({ gap, missed }) => gap === (missed !== 0)));
  });
});
