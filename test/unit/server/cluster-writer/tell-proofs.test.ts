import assert from 'node:assert/strict';
import { createWatchable } from '../../../../src/lib/watchable.ts';
import type { KubernetesRequest } from '../../../../src/platform/kubernetes/client.ts';
import { type OpenTenant, tellProofs } from '../../../../src/server/cluster-writer/tell-proofs.ts';
import { eventually } from '../../../support/eventually.ts';

const red: OpenTenant = { tenant: 'red', direction: 'in', namespace: 'red-1', note: 'it is open', sinceAtMs: 1 };

interface SentEvent {
  readonly reason: string;
  readonly type: string;
  readonly regarding: object;
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly note: string;
}

function start(failures: Error[] = []) {
  const events: SentEvent[] = [];
  const states: string[] = [];
  const open = createWatchable<readonly OpenTenant[]>([]);
  const stop = new AbortController();
  const request = async <T>({ body }: KubernetesRequest): Promise<T> => {
    const failure = failures.shift();
    if (failure !== undefined) throw failure;
    events.push(body as SentEvent); // what is posted
    return {} as T; // not looked at
  };
  tellProofs(
    { client: { request }, open, ownNamespace: 'ours', state: (why) => states.push(why), retryMs: 1 },
    stop.signal,
  );
  return { events, states, open, stop: () => stop.abort() };
}

describe('tellProofs', () => {
  it('tells that a tenant is open, once, and that it is closed', async () => {
    const { events, open, stop } = start();
    open.replace([red]);
    await eventually('it is told', () => events.length === 1 || undefined);
    open.replace([{ ...red, note: 'in another way' }]);
    open.replace([]);
    await eventually('that it is closed', () => events.length === 2 || undefined);
    stop();
    assert.deepEqual(
      events.map(({ reason, type, regarding, metadata }) => [reason, type, regarding, metadata.namespace]),
      [
        ['TenantOpened', 'Warning', { apiVersion: 'v1', kind: 'Namespace', name: 'red-1' }, 'default'],
        ['TenantClosed', 'Normal', { apiVersion: 'v1', kind: 'Namespace', name: 'red-1' }, 'default'],
      ],
    );
    assert.notEqual(events[0]?.metadata.name, events[1]?.metadata.name);
  });

  it('tells it of our own namespace where none of the tenant is known', async () => {
    const { events, open, stop } = start();
    open.replace([{ ...red, namespace: '' }]);
    await eventually('it is told', () => events.length === 1 || undefined);
    stop();
    assert.deepEqual(events[0]?.regarding, { apiVersion: 'v1', kind: 'Namespace', name: 'ours' });
  });

  it('tries again after an error, and says that it could not', async () => {
    const { events, states, open, stop } = start([new Error('away')]);
    open.replace([red]);
    await eventually('it is told', () => events.length === 1 || undefined);
    await eventually('all is well', () => states.at(-1) === '' || undefined);
    stop();
    assert.ok(states.some((why) => why.includes('away')));
  });
});
