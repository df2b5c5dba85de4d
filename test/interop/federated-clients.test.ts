import assert from 'node:assert/strict';
import { commandLineOf } from '../support/command-of.ts';
import { gatehouseDir } from '../support/gatehouse-dir.ts';
import { runGatehouse } from '../support/run-gatehouse.ts';
import { ask, buildClients, clients, serve } from './clients.ts';
import { done, introduce, type Side } from './two-trust-domains.ts';

/** A server of one trust domain, whose one workload knows the other's. */
async function open(stack: AsyncDisposableStack, name: string, other: string): Promise<Side> {
  const dir = stack.use(
    await gatehouseDir({
      trustDomain: name,
      entries: [
        {
          ...{ spiffeId: `spiffe://${name}/ns/default/sa/tool`, federatesWith: [other] },
          selectors: [`unix:uid:${process.geteuid?.() ?? -1}`],
        },
      ],
    }),
  );
  const server = stack.use(await runGatehouse(dir.config));
  return { name, at: dir.at, server, command: commandLineOf(dir.config) };
}

const socketOf = ({ server }: Side): string => server.ready.workloadApi.replace(/^unix:/, '');

describe('a federated bundle, asked for by the SPIFFE libraries of other languages', function () {
  this.timeout(120_000);
  const stack = new AsyncDisposableStack();
  let near: Side;
  let far: Side;
  let token: string;

  before(async function () {
    this.timeout(1_200_000);
    buildClients();
    near = await open(stack, 'cluster.local', 'other.example');
    far = await open(stack, 'other.example', 'cluster.local');
    token = await done(far.command('jwt', 'fetch', '--audience', 'shop'));
    for (const client of clients)
      await assert.rejects(ask(client, socketOf(near), 'federated', token), `${client.name} believes strangers`);
    await introduce(near, far);
    await introduce(far, near);
  });
  after(() => stack.disposeAsync());

  for (const client of clients)
    it(`${client.name} has the other's roots, and validates its JWT-SVIDs by its keys`, async () => {
      assert.match(
        await ask(client, socketOf(near), 'federated', token),
        /spiffe:\/\/other\.example\/ns\/default\/sa\/tool by 1 of 2 bundles/,
      );
    });

  it('java-spiffe calls java-spiffe of the other trust domain over mTLS', async () => {
    const java = clients.find(({ name }) => name === 'java-spiffe')!;
    const server = await serve(java, socketOf(far));
    try {
      await ask(java, socketOf(near), 'dial', server.port);
    } finally {
      await server.stop('SIGKILL');
    }
  });
});
