/**
 * Signs the PodCertificateRequests of one signer, as long as this process leads: watches them, answers each, and writes its answer once.
 *
 * What must wait is asked again, later each time; the API server lets nobody ask for longer than twenty minutes, and then the kubelet
 * asks anew.
 * @module
 */
import type { Answer, Answers } from '../../identity/delivery/pod-certificates/answer-request.ts';
import type { Leave } from '../../identity/delivery/pod-certificates/judge-request.ts';
import {
  nameOfRequest,
  type PodCertificateRequest,
  readPodCertificateRequest,
} from '../../identity/delivery/pod-certificates/request.ts';
import type { Wait, WaitReason } from '../../identity/delivery/pod-certificates/verdict.ts';
import type { KubernetesClient } from '../../platform/kubernetes/client.ts';
import { KubernetesError } from '../../platform/kubernetes/kubernetes-error.ts';
import { watchObjects } from '../../platform/kubernetes/watch-objects.ts';
import type { PodCertificateMetrics } from '../../platform/observe/cluster/pod-certificate-metrics.ts';
import type { Log } from '../../platform/observe/log.ts';

export interface SignRequestsDeps {
  readonly client: KubernetesClient;
  /** `v1`, or `v1beta1` where only that is served. */
  readonly version: string;
  /** Fetches one in the version that has the form before; undefined: none is served. */
  readonly older: ((request: PodCertificateRequest, signal: AbortSignal) => Promise<unknown>) | undefined;
  readonly answers: Answers;
  readonly log: Log;
  readonly metrics: PodCertificateMetrics;
  /** How well the requests are followed; empty: well. */
  readonly state: (why: string) => void;
}

/** So many are answered at a time. */
const AT_ONCE = 8;
const LOOK_MS = 250;
const FIRST_WAIT_MS = 1_000;
const MOST_WAIT_MS = 60_000;
/** Signers that are named once in the log. */
const MOST_FOREIGN = 100;

/** One that has no answer yet. */
interface Open {
  request: PodCertificateRequest;
  /** When it is looked at next, on the clock of `performance.now()`. */
  dueAtMs: number;
  waitMs: number;
  /** Why it waits; empty: it was not looked at. */
  reason: WaitReason | '';
  isBusy: boolean;
}

/** Signs until `signal` aborts. Returns what makes all that wait be looked at again now. */
export function signRequests(deps: SignRequestsDeps, signal: AbortSignal): () => void {
  const signing = new Signing(deps, signal);
  signing.start();
  return () => signing.wake();
}

class Signing {
  readonly #deps: SignRequestsDeps;
  readonly #signal: AbortSignal;
  readonly #open = new Map<string, Open>();
  /** Those that are due, in the order in which they came. */
  readonly #due = new Set<Open>();
  readonly #foreign = new Set<string>();
  #busy = 0;

  constructor(deps: SignRequestsDeps, signal: AbortSignal) {
    this.#deps = deps;
    this.#signal = signal;
  }

  start(): void {
    const { client, version, state } = this.#deps;
    const resource = { group: 'certificates.k8s.io', version, plural: 'podcertificaterequests' };
    const handlers = {
      keep: (object: unknown) => readPodCertificateRequest(object),
      replaced: (all: readonly (PodCertificateRequest | string)[]) => {
        const here = new Set(all.map((each) => (typeof each === 'string' ? '' : each.uid)));
        for (const uid of this.#open.keys()) if (!here.has(uid)) this.#close(uid);
        for (const each of all) this.#take(each);
      },
      changed: ({ type, object }: { readonly type: string; readonly object: PodCertificateRequest | string }) => {
        if (type !== 'DELETED') this.#take(object);
        else if (typeof object !== 'string') this.#close(object.uid);
      },
      state: ({ why }: { readonly why: string }) => state(why),
    };
    watchObjects(client, resource, handlers, this.#signal);
    const timer = setInterval(() => this.#look(), LOOK_MS).unref();
    this.#signal.addEventListener('abort', () => {
      clearInterval(timer);
      this.#deps.metrics.setWaiting(new Map());
    });
  }

  wake(): void {
    for (const each of this.#open.values()) this.#due.add(each);
    this.#pump();
  }

  #take(request: PodCertificateRequest | string): void {
    if (typeof request === 'string') {
      this.#deps.log.warn(`a podcertificaterequest cannot be read: ${request}`);
      return;
    }
    if (request.isAnswered) {
      this.#close(request.uid);
      return;
    }
    const known = this.#open.get(request.uid);
    if (known !== undefined) {
      known.request = request;
      return;
    }
    const open: Open = { request, dueAtMs: 0, waitMs: FIRST_WAIT_MS, reason: '', isBusy: false };
    this.#open.set(request.uid, open);
    this.#due.add(open);
    this.#pump();
  }

  #close(uid: string): void {
    const open = this.#open.get(uid);
    if (open !== undefined) this.#due.delete(open);
    this.#open.delete(uid);
    this.#deps.answers.settled(uid);
  }

  /** Moves what has waited long enough to what is due. */
  #look(): void {
    const nowMs = performance.now();
    const waiting = new Map<string, number>();
    for (const each of this.#open.values()) {
      if (each.reason === '') continue;
      waiting.set(each.reason, (waiting.get(each.reason) ?? 0) + 1);
      if (each.dueAtMs <= nowMs) this.#due.add(each);
    }
    this.#deps.metrics.setWaiting(waiting);
    this.#pump();
  }

  #pump(): void {
    for (const each of this.#due) {
      if (this.#busy >= AT_ONCE || this.#signal.aborted) return;
      this.#due.delete(each);
      if (!each.isBusy) void this.#work(each);
    }
  }

  async #work(open: Open): Promise<void> {
    this.#busy += 1;
    open.isBusy = true;
    try {
      await this.#answer(open);
    } catch (thrown) {
      this.#wait(open, { reason: 'unreachable', message: thrown instanceof Error ? thrown.message : String(thrown) });
    } finally {
      open.isBusy = false;
      this.#busy -= 1;
      this.#pump();
    }
  }

  async #answer(open: Open): Promise<void> {
    const { request } = open;
    const whole = await this.#inFull(request);
    const verdict = await this.#deps.answers.answer(whole);
    if (this.#signal.aborted) return;
    if (verdict.does === 'leave') return this.#leave(request, verdict);
    if (verdict.does === 'wait') return this.#wait(open, verdict);
    await this.#write(open, verdict);
  }

  /** One that shows no key here may show it in an older version of the API. */
  async #inFull(request: PodCertificateRequest): Promise<PodCertificateRequest> {
    const { older } = this.#deps;
    if (request.csr !== undefined || request.publicKey !== undefined || older === undefined) return request;
    const read = readPodCertificateRequest(await older(request, this.#signal));
    return typeof read === 'string' || read.uid !== request.uid ? request : read;
  }

  #leave({ uid, signerName }: PodCertificateRequest, { why }: Leave): void {
    this.#close(uid);
    if (why !== 'foreign signer' || this.#foreign.has(signerName) || this.#foreign.size >= MOST_FOREIGN) return;
    this.#foreign.add(signerName);
    this.#deps.log.info(
      { signer: signerName },
      `requests for certificates of signer ${signerName} are not ours and are left alone`,
    );
  }

  #wait(open: Open, { reason, message }: Pick<Wait, 'reason' | 'message'>, leastMs = 0): void {
    if (open.reason !== reason)
      this.#deps.log.warn({ request: nameOf(open), reason }, `${nameOf(open)} waits: ${message}`);
    open.reason = reason;
    open.dueAtMs = performance.now() + Math.max(open.waitMs, leastMs);
    open.waitMs = Math.min(MOST_WAIT_MS, open.waitMs * 2);
  }

  /** The answer is final: it is written under the version that was judged. */
  async #write(open: Open, { status, denial }: Answer): Promise<void> {
    const { client, version, log, metrics } = this.#deps;
    const { uid, namespace, name, resourceVersion } = open.request;
    const path = `/apis/certificates.k8s.io/${version}/namespaces/${namespace}/podcertificaterequests/${name}`;
    try {
      await client.request({
        method: 'PATCH',
        path: `${path}/status`,
        contentType: 'application/merge-patch+json',
        body: { metadata: { uid, resourceVersion }, status },
        signal: this.#signal,
      });
    } catch (thrown) {
      if (this.#signal.aborted) return; // the next leader asks
      if (!(thrown instanceof KubernetesError)) throw thrown;
      if (thrown.code === 404) return this.#close(uid);
      if (thrown.code === 409) return this.#lookAgain(open, path);
      {
        const message = `its answer could not be written: ${thrown.message}`;
        return this.#wait(open, { reason: 'unreachable', message }, thrown.retryAfterMs);
      }
    }
    metrics.count(denial === undefined ? 'issued' : 'denied');
    if (denial !== undefined)
      log.warn({ request: nameOf(open), reason: denial.reason }, `${nameOf(open)} is denied: ${denial.message}`);
    this.#close(uid);
  }

  /** Somebody has written it meanwhile: another leader's answer, or nothing that matters. */
  async #lookAgain(open: Open, path: string): Promise<void> {
    const read = readPodCertificateRequest(await this.#deps.client.request({ path, signal: this.#signal }));
    if (typeof read === 'string' || read.uid !== open.request.uid || read.isAnswered)
      return this.#close(open.request.uid);
    open.request = read;
    this.#due.add(open);
  }
}

const nameOf = ({ request }: Open): string => nameOfRequest(request);
