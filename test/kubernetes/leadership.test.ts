import assert from 'node:assert/strict';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { type KubernetesClient, kubernetesClient } from '../../src/platform/kubernetes/client.ts';
import { type Leadership, takePart } from '../../src/platform/kubernetes/leader/leadership.ts';
import { eventually } from '../support/eventually.ts';
import { useApiServer } from '../support/kubernetes/api-server.ts';

const times = { leaseMs: 3_000, renewWithinMs: 2_000, retryMs: 200 };
const PATH = '/apis/coordination.k8s.io/v1/namespaces/default/leases';

/** A way to the API server that can be cut. */
interface Cuttable {
  readonly client: KubernetesClient;
  cut(): void;
}

describe('an election by a Lease', () => {
  const server = useApiServer();
  const everybody: AsyncDisposable[] = [];
  afterEach(async () => {
    for (const each of everybody.splice(0)) await each[Symbol.asyncDispose]();
  });

  async function wayToServer(): Promise<Cuttable> {
    const client = await kubernetesClient(server().admin.kubeconfig);
    const cutter = new AbortController();
    return {
      client: {
        ...client,
        request: async (ask) => {
          if (cutter.signal.aborted) await once(ask.signal!, 'abort'); // nothing comes back
          return client.request(ask);
        },
      },
      cut: () => cutter.abort(),
    };
  }

  function candidate(client: KubernetesClient, name: string, identity: string, troubles: string[] = []): Leadership {
    const part = takePart({
      client,
      namespace: 'default',
      name,
      identity,
      trouble: (why) => troubles.push(why),
      times,
    });
    everybody.push(part);
    return part;
  }

  it('has one winner of many who come at once', async () => {
    const { client } = await wayToServer();
    const all = ['a', 'b', 'c', 'd', 'e'].map((identity) => candidate(client, 'many', identity));
    await eventually('all know who leads', () => {
      const [holder, ...others] = new Set(all.map((each) => each.holder()));
      return (others.length === 0 && holder !== '') || undefined;
    });
    assert.equal(all.filter((each) => each.leads.value).length, 1);
  });

  it('goes to another who waits, as soon as the leader gives it up', async () => {
    const { client } = await wayToServer();
    const first = candidate(client, 'given-up', 'a');
    await eventually('a leads', () => first.leads.value || undefined);
    const second = candidate(client, 'given-up', 'b');
    await eventually('b has seen it', () => second.holder() === 'a' || undefined);
    const beganAtMs = performance.now();
    await first[Symbol.asyncDispose]();
    assert.equal(first.leads.value, false);
    await eventually('b leads', () => second.leads.value || undefined);
    assert.ok(performance.now() - beganAtMs < times.leaseMs, 'it need not run out');
  });

  it('goes to another when the leader is cut off, who has stopped to lead by then', async () => {
    const way = await wayToServer();
    const { client } = await wayToServer();
    const first = candidate(way.client, 'cut-off', 'a');
    await eventually('a leads', () => first.leads.value || undefined);
    const second = candidate(client, 'cut-off', 'b');
    const both: string[] = [];
    const look = (): void => void (first.leads.value && second.leads.value && both.push('both lead'));
    first.leads.subscribe(look);
    second.leads.subscribe(look);
    way.cut();
    await eventually('b leads', () => second.leads.value || undefined);
    assert.deepEqual([first.leads.value, both], [false, []]);
    const { spec } = await server().admin.api.must('GET', `${PATH}/cut-off`);
    assert.equal((spec as { leaseTransitions: number }).leaseTransitions, 1);
  });

  it('is lost at once by who finds that another holds it', async () => {
    const { client } = await wayToServer();
    const first = candidate(client, 'taken', 'a');
    await eventually('a leads', () => first.leads.value || undefined);
    const spec = { holderIdentity: 'x', leaseDurationSeconds: 60, renewTime: '2026-01-01T00:00:00.000000Z' };
    await server().admin.api.must('PATCH', `${PATH}/taken`, { spec }, 'application/merge-patch+json');
    await eventually('a has lost', () => !first.leads.value || undefined);
    await sleep(2 * times.leaseMs);
    assert.deepEqual([first.leads.value, first.holder()], [false, 'x'], 'for as long as its holder wrote');
  });

  it('is lost while the API server does not answer, which is said, and won again', async () => {
    const { client } = await wayToServer();
    const troubles: string[] = [];
    const first = candidate(client, 'away', 'a', troubles);
    await eventually('a leads', () => first.leads.value || undefined);
    server().pause();
    await eventually('a leads no more', () => !first.leads.value || undefined);
    await eventually('it is said', () => troubles.some((why) => why !== '') || undefined);
    server().resume();
    await eventually('a leads again', () => first.leads.value || undefined);
    assert.ok(
      troubles.some((why) => why !== ''),
      'it is said',
    );
    assert.equal(troubles.at(-1), '');
  });
});
