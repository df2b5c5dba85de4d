/**
 * Keeps the ClusterTrustBundle of a signer at our roots, as long as this process leads: writes it whenever they change, puts it back
 * when somebody else has, and tells the gates of a rotation since when it is there.
 * @module
 */
import { hash } from 'node:crypto';
import {
  type Difference,
  differenceOf,
  readTrustBundle,
  type TrustBundle,
  trustBundleName,
  trustBundleObject,
} from '../../identity/delivery/pod-certificates/trust-bundle.ts';
import type { Acknowledgement, IdentitySource } from '../../identity/source/identity-source.ts';
import { createWatchable, type Watchable } from '../../lib/watchable.ts';
import type { KubernetesClient } from '../../platform/kubernetes/client.ts';
import { watchObjects } from '../../platform/kubernetes/watch-objects.ts';
import type { PodCertificateMetrics } from '../../platform/observe/cluster/pod-certificate-metrics.ts';
import type { Log } from '../../platform/observe/log.ts';
import type { OwnBundle } from '../../spiffe/bundle.ts';

export interface PublishRootsDeps {
  readonly client: KubernetesClient;
  /** `v1`, or `v1beta1` where only that is served. */
  readonly version: string;
  readonly signerName: string;
  readonly source: Pick<IdentitySource, 'bundles' | 'acknowledge'>;
  readonly log: Log;
  readonly metrics: PodCertificateMetrics;
  /** Why the bundle in the cluster is not known to hold our roots; empty: it does. */
  readonly state: (why: string) => void;
}

/** What pods mount. */
export interface PublishedRoots {
  /** Our bundle that the cluster was last seen to have; undefined: none. */
  readonly published: Watchable<OwnBundle | undefined>;
}

const FIRST_WAIT_MS = 500;
const MOST_WAIT_MS = 30_000;
/** So often the gates are told that somebody publishes at all: who leads may have changed. */
const TELL_EVERY_MS = 15_000;
/** Whoever writes against us is named once in this time. */
const QUIET_MS = 60_000;

/** The publisher's name at the gates of a rotation. */
const publisherOf = (signerName: string): string => `cluster-trust-bundle:${trustBundleName(signerName)}`;

/** The publisher's word that the cluster has the bundle of that sequence; 0: that there is one who publishes. */
export function publishersWord(signerName: string, sequence: number): Acknowledgement {
  return { consumer: publisherOf(signerName), channel: 'pod-certificate', spiffeIds: [], sequence, grade: 'sent' };
}

/** Publishes until `signal` aborts. */
export function publishRoots(deps: PublishRootsDeps, signal: AbortSignal): PublishedRoots {
  const publisher = new Publisher(deps, signal);
  publisher.start();
  return publisher;
}

class Publisher implements PublishedRoots {
  readonly published = createWatchable<OwnBundle | undefined>(undefined);
  readonly #deps: PublishRootsDeps;
  readonly #signal: AbortSignal;
  readonly #name: string;
  /** Of our signer, by name; undefined: not read yet. */
  #seen: Map<string, TrustBundle> | undefined;
  #isWriting = false;
  #waitMs = FIRST_WAIT_MS;
  #wroteAtMs = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #wasTakenAway = false;
  /** The version in which somebody else's edit was seen last. */
  #edit: string | undefined;
  #namedAtMs = Number.NEGATIVE_INFINITY;
  #strangers = '';

  constructor(deps: PublishRootsDeps, signal: AbortSignal) {
    this.#deps = deps;
    this.#signal = signal;
    this.#name = trustBundleName(deps.signerName);
  }

  start(): void {
    const { client, version, signerName, source, state } = this.#deps;
    const fieldSelector = `spec.signerName=${signerName}`;
    const resource = { group: 'certificates.k8s.io', version, plural: 'clustertrustbundles', fieldSelector };
    const handlers = {
      keep: readTrustBundle,
      replaced: (all: readonly (TrustBundle | undefined)[]) => {
        this.#seen = new Map(all.flatMap((each) => (each === undefined ? [] : [[each.name, each]])));
        this.#look();
      },
      changed: ({ type, object }: { readonly type: string; readonly object: TrustBundle | undefined }) => {
        if (object !== undefined) this.#take(type, object);
      },
      state: ({ why }: { readonly why: string }) => (why === '' ? this.#look() : state(why)),
    };
    const unsubscribe = source.bundles.subscribe(() => this.#look());
    watchObjects(client, resource, handlers, this.#signal);
    const telling = setInterval(() => this.#tell(), TELL_EVERY_MS).unref();
    this.#signal.addEventListener('abort', () => {
      unsubscribe();
      clearInterval(telling);
      clearTimeout(this.#timer);
    });
  }

  #take(type: string, object: TrustBundle): void {
    const known = this.#seen?.get(object.name);
    // What we have written ourselves may be known before what was there until then.
    if (known !== undefined && BigInt(object.resourceVersion) < BigInt(known.resourceVersion)) return;
    if (type === 'DELETED') this.#seen?.delete(object.name);
    else this.#seen?.set(object.name, object);
    this.#look();
  }

  get #wanted(): OwnBundle {
    return this.#deps.source.bundles.value.own;
  }

  /** Compares what is there with what should be. */
  #look(): void {
    if (this.#seen === undefined || this.#signal.aborted) return;
    this.#nameStrangers(this.#seen);
    const wanted = this.#wanted;
    if (wanted.x509Authorities.length === 0) {
      this.#deps.state('no authority is valid now: what is published stays');
      return;
    }
    const there = this.#seen.get(this.#name);
    const differs = differenceOf(there?.pem ?? '', wanted);
    if (differs === undefined) this.#isThere(wanted);
    else {
      this.#noteEdit(there, differs);
      this.#write();
    }
  }

  #isThere(bundle: OwnBundle): void {
    this.#edit = undefined;
    const { source, metrics, state, signerName } = this.#deps;
    const word = publishersWord(signerName, bundle.sequence);
    source.acknowledge(this.#wasTakenAway ? { ...word, anew: true } : word);
    this.#wasTakenAway = false;
    metrics.setBundleUp(true);
    state('');
    if (this.published.value !== bundle) this.published.replace(bundle);
  }

  #tell(): void {
    const { source, signerName } = this.#deps;
    const { value } = this.published;
    source.acknowledge(publishersWord(signerName, value?.sequence ?? 0));
  }

  /** What has changed although neither our roots nor we have changed it was somebody else. */
  #noteEdit(there: TrustBundle | undefined, differs: Difference): void {
    const { value: last } = this.published;
    const edit = last === undefined ? undefined : differenceOf(there?.pem ?? '', last);
    // Of what is found first nobody knows since when it is so.
    if ((edit ?? (last === undefined ? differs : undefined))?.lacks.length) this.#wasTakenAway = true;
    const version = there?.resourceVersion ?? '';
    if (last === undefined || edit === undefined || version === this.#edit) return;
    this.#edit = version;
    this.published.replace(without(last, edit.lacks));
    this.#deps.metrics.setBundleUp(false);
    this.#deps.metrics.countEdit();
    if (performance.now() - this.#namedAtMs < QUIET_MS) return;
    this.#namedAtMs = performance.now();
    const { lacks, strange } = edit;
    const what =
      there === undefined
        ? 'was deleted'
        : `was changed: ${lacks.length} of our roots are missing, ${strange.length} others are there`;
    this.#deps.log.warn(
      { bundle: this.#name, lacks, strange },
      `clustertrustbundle ${this.#name} ${what}; it is put back. Only Gatehouse should write it: see who may attest for its signer`,
    );
  }

  /** Kubelets join all bundles of a signer: what others put there, pods trust. */
  #nameStrangers(seen: ReadonlyMap<string, TrustBundle>): void {
    const names = [...seen.keys()].filter((name) => name !== this.#name).sort();
    const text = names.join(', ');
    if (text === this.#strangers) return;
    this.#strangers = text;
    if (text !== '')
      this.#deps.log.warn(
        { bundles: names },
        `pods that mount the roots of ${this.#deps.signerName} trust these clustertrustbundles of others too: ${text}; delete them unless they are meant`,
      );
  }

  /** The first time at once, and then later each time: somebody may write against us without an end. */
  #write(): void {
    if (this.#isWriting || this.#timer !== undefined || this.#signal.aborted) return;
    const nowMs = performance.now();
    if (nowMs - this.#wroteAtMs > QUIET_MS) this.#waitMs = FIRST_WAIT_MS;
    const leftMs = this.#wroteAtMs + this.#waitMs - nowMs;
    if (leftMs <= 0) return void this.#writeNow();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#look();
    }, leftMs).unref();
  }

  async #writeNow(): Promise<void> {
    this.#isWriting = true;
    if (Number.isFinite(this.#wroteAtMs)) this.#waitMs = Math.min(MOST_WAIT_MS, this.#waitMs * 2);
    this.#wroteAtMs = performance.now();
    const { client, version, signerName, state, metrics } = this.#deps;
    try {
      const answer = await client.request({
        method: 'PATCH',
        path: `/apis/certificates.k8s.io/${version}/clustertrustbundles/${this.#name}`,
        query: { fieldManager: 'gatehouse', force: 'true', fieldValidation: 'Strict' },
        contentType: 'application/apply-patch+yaml',
        body: trustBundleObject(`certificates.k8s.io/${version}`, signerName, this.#wanted),
        signal: this.#signal,
      });
      const written = readTrustBundle(answer);
      if (written !== undefined) this.#seen?.set(this.#name, written);
    } catch (thrown) {
      const why = thrown instanceof Error ? thrown.message : String(thrown);
      metrics.setBundleUp(false);
      state(`clustertrustbundle ${this.#name} could not be written: ${why}`);
    } finally {
      this.#isWriting = false;
    }
    this.#look();
  }
}

/** A bundle with fewer roots. @param lacks  SHA-256 */
function without(bundle: OwnBundle, lacks: readonly string[]): OwnBundle {
  const gone = new Set(lacks);
  return { ...bundle, x509Authorities: bundle.x509Authorities.filter((der) => !gone.has(hash('sha256', der))) };
}
