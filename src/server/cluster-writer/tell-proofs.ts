/**
 * Tells in the cluster which tenants are not alone, and which are again: by events (events.k8s.io/v1) on a namespace of theirs.
 * @module
 */
import { hash } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { createWakeup } from '../../lib/wakeup.ts';
import type { Watchable } from '../../lib/watchable.ts';
import type { KubernetesClient } from '../../platform/kubernetes/client.ts';
import { KubernetesError } from '../../platform/kubernetes/kubernetes-error.ts';
import { microTime } from '../../platform/kubernetes/leader/lease.ts';

/** A tenant that is not alone, in one direction. */
export interface OpenTenant {
  readonly tenant: string;
  readonly direction: 'in' | 'out';
  /** A namespace of it; empty: none is known. */
  readonly namespace: string;
  /** What its own people may hear. */
  readonly note: string;
  /** Milliseconds since 1970. */
  readonly sinceAtMs: number;
}

export interface TellProofsDeps {
  readonly client: Pick<KubernetesClient, 'request'>;
  readonly open: Watchable<readonly OpenTenant[]>;
  /** Told where a tenant has no namespace to tell of. */
  readonly ownNamespace: string;
  /** Why nothing can be told; empty: it can. */
  readonly state: (why: string) => void;
  readonly retryMs?: number;
}

const RETRY_MS = 10_000;
const MOST_NOTE_BYTES = 1_000;

/** Tells until `signal` aborts: what is open when it begins, and whatever follows. */
export function tellProofs(deps: TellProofsDeps, signal: AbortSignal): void {
  void tell(deps, signal);
}

const keyOf = ({ tenant, direction }: OpenTenant): string => `${direction} ${tenant}`;

async function tell({ client, open, ownNamespace, state, retryMs = RETRY_MS }: TellProofsDeps, signal: AbortSignal) {
  const changed = createWakeup();
  const unsubscribe = open.subscribe(changed.wake);
  const told = new Map<string, OpenTenant>();
  const write = async (one: OpenTenant, isOpen: boolean): Promise<void> => {
    const event = eventOf({ ...one, namespace: one.namespace || ownNamespace }, isOpen, Date.now());
    const path = `/apis/events.k8s.io/v1/namespaces/${event.metadata.namespace}/events`;
    try {
      await client.request({ method: 'POST', path, body: event, signal });
    } catch (thrown) {
      if (!(thrown instanceof KubernetesError && thrown.reason === 'AlreadyExists')) throw thrown; // told before an error
    }
  };
  while (!signal.aborted) {
    try {
      const now = new Map(open.value.map((one) => [keyOf(one), one]));
      for (const [key, one] of [...told])
        if (!now.has(key)) {
          await write(one, false);
          told.delete(key);
        }
      for (const [key, one] of now)
        if (!told.has(key)) {
          await write(one, true);
          told.set(key, one);
        }
      state('');
      await changed.wait(signal);
    } catch (thrown) {
      if (signal.aborted) break;
      state(`what becomes of tenants cannot be told in the cluster: ${String(thrown)}`);
      await sleep(retryMs, undefined, { signal }).catch(() => undefined);
    }
  }
  unsubscribe();
}

function eventOf({ tenant, direction, namespace, note, sinceAtMs }: OpenTenant, isOpen: boolean, nowMs: number) {
  const id = hash('sha256', [tenant, direction, sinceAtMs, isOpen, hostname()].join('\n')).slice(0, 16);
  const closed = `tenant ${tenant} is proved to be alone again (${direction})`;
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name: `${namespace}.${id}`, namespace: 'default' }, // a Namespace belongs to none
    eventTime: microTime(nowMs),
    reportingController: 'gatehouse.io/gatehouse',
    reportingInstance: hostname().slice(0, 128),
    action: 'Prove',
    reason: isOpen ? 'TenantOpened' : 'TenantClosed',
    type: isOpen ? 'Warning' : 'Normal',
    regarding: { apiVersion: 'v1', kind: 'Namespace', name: namespace },
    note: Buffer.from(isOpen ? note : closed)
      .subarray(0, MOST_NOTE_BYTES)
      .toString()
      .toWellFormed(),
  };
}
