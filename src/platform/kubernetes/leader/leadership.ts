/**
 * Elects one of several processes by a Lease: the leader renews it, the others look whether it still does.
 * @module
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createWatchable, type Watchable } from '../../../lib/watchable.ts';
import type { KubernetesClient } from '../client.ts';
import { KubernetesError } from '../kubernetes-error.ts';
import { heldLease, type Lease, LeaseObserver, type LeaseSpec, readLease, releasedLease } from './lease.ts';

/** How long what takes; as client-go has it. */
export interface LeaseTimes {
  /** How long others wait for a sign of a leader. */
  readonly leaseMs: number;
  /** A leader that could not renew for so long leads no more, well before others may. */
  readonly renewWithinMs: number;
  readonly retryMs: number;
}

const usualTimes: LeaseTimes = { leaseMs: 15_000, renewWithinMs: 10_000, retryMs: 2_000 };

export interface LeadershipDeps {
  readonly client: KubernetesClient;
  readonly namespace: string;
  readonly name: string;
  /** Ours alone, and new with each process. */
  readonly identity: string;
  /** Told when it cannot be taken or held, and why; empty: it can again. */
  readonly trouble: (why: string) => void;
  readonly times?: Partial<LeaseTimes>;
}

/** Our part in an election. Disposed, it is given up. */
export interface Leadership extends AsyncDisposable {
  readonly leads: Watchable<boolean>;
  /** The holder that was seen last; empty: nobody. */
  holder(): string;
}

/** Takes part, until disposed. */
export function takePart(deps: LeadershipDeps): Leadership {
  return new Candidate(deps);
}

class Candidate implements Leadership {
  readonly #deps: LeadershipDeps;
  readonly #times: LeaseTimes;
  readonly #leads = createWatchable(false);
  readonly #observer = new LeaseObserver();
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #held: Lease | undefined;
  #holder = '';
  #deadline: NodeJS.Timeout | undefined;

  constructor(deps: LeadershipDeps) {
    this.#deps = deps;
    this.#times = { ...usualTimes, ...deps.times };
    this.#running = this.#run();
  }

  get leads(): Watchable<boolean> {
    return this.#leads;
  }

  holder(): string {
    return this.#holder;
  }

  get #path(): string {
    return `/apis/coordination.k8s.io/v1/namespaces/${this.#deps.namespace}/leases`;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        await this.#tryOnce(AbortSignal.any([signal, AbortSignal.timeout(this.#times.renewWithinMs)]));
        this.#deps.trouble('');
      } catch (thrown) {
        const wasHeld = this.#held !== undefined;
        this.#held = undefined;
        if (signal.aborted) return;
        if (!(thrown instanceof KubernetesError && thrown.code === 409))
          this.#deps.trouble(thrown instanceof Error ? thrown.message : String(thrown));
        else if (wasHeld) continue; // somebody else has written it: who, is looked at now
      }
      await sleep(this.#times.retryMs * (1 + Math.random() / 5), undefined, { signal }).catch(() => undefined);
    }
  }

  async #tryOnce(signal: AbortSignal): Promise<void> {
    const beganAtMs = performance.now(); // others count from when the server wrote it, which is later
    const found = this.#held ?? (await this.#look(signal));
    if (
      found !== undefined &&
      found.holder !== this.#deps.identity &&
      !this.#observer.isFree(found, performance.now())
    ) {
      this.#holder = found.holder;
      this.#lose();
      return;
    }
    const spec = heldLease(found, this.#deps.identity, this.#times.leaseMs, Date.now());
    this.#held = await this.#write(found, spec, signal);
    this.#holder = this.#deps.identity;
    clearTimeout(this.#deadline);
    const leftMs = this.#times.renewWithinMs - (performance.now() - beganAtMs);
    this.#deadline = setTimeout(() => this.#lose(), Math.max(0, leftMs)).unref();
    if (!this.#leads.value) this.#leads.replace(true);
  }

  #lose(): void {
    clearTimeout(this.#deadline);
    if (this.#leads.value) this.#leads.replace(false);
  }

  async #look(signal: AbortSignal): Promise<Lease | undefined> {
    try {
      return readLease(await this.#deps.client.request({ path: `${this.#path}/${this.#deps.name}`, signal }));
    } catch (thrown) {
      if (thrown instanceof KubernetesError && thrown.code === 404) return undefined;
      throw thrown;
    }
  }

  /** With the version that was read: who was faster has won. */
  async #write(found: Lease | undefined, spec: LeaseSpec, signal: AbortSignal): Promise<Lease> {
    const { client, name, namespace } = this.#deps;
    const metadata = { name, namespace, ...(found && { resourceVersion: found.resourceVersion }) };
    const body = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec };
    return readLease(
      await client.request(
        found === undefined
          ? { method: 'POST', path: this.#path, body, signal }
          : { method: 'PUT', path: `${this.#path}/${name}`, body, signal },
      ),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const leads = this.#leads.value;
    this.#stop.abort();
    await this.#running;
    this.#lose();
    if (!leads) return;
    const signal = AbortSignal.timeout(this.#times.retryMs);
    try {
      const found = await this.#look(signal); // what was under way when we stopped may have been written
      if (found?.holder === this.#deps.identity) await this.#write(found, releasedLease(found, Date.now()), signal);
    } catch {
      // Whoever comes waits until it has run out.
    }
  }
}
