/**
 * Keeps a ValidatingWebhookConfiguration right: whom the API server is to believe when it asks us, and what becomes of a change that
 * we cannot be asked about.
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises';
import { asGatehouseError } from '../../errors.ts';
import type { Watchable, WatchableSource } from '../../lib/watchable.ts';
import type { KubernetesClient } from '../../platform/kubernetes/client.ts';
import { type BelievedRoots, nowBelieved } from './believed-roots.ts';

export interface CaBundleDeps {
  readonly client: Pick<KubernetesClient, 'request'>;
  /** Its name. */
  readonly configuration: string;
  /** PEM of the authorities that our certificate may come from, the next ones included; undefined while they are not known. */
  readonly roots: Watchable<string | undefined>;
  /** Whether a change that cannot be judged is to be refused. */
  readonly enforces: boolean;
  /** The namespace that must stay outside of what the webhook can block. */
  readonly ownNamespace: string | undefined;
  /** Where is said what was written. */
  readonly written: WatchableSource<BelievedRoots>;
  /** Why it is not right; empty: it is. */
  readonly told: (why: string) => void;
  readonly times?: Partial<CaBundleTimes>;
}

interface CaBundleTimes {
  /** Between two looks where nothing has changed here: somebody else may have edited it. */
  readonly lookMs: number;
  /** The least between two looks. */
  readonly restMs: number;
  readonly firstRetryMs: number;
  readonly lastRetryMs: number;
}

const usualTimes: CaBundleTimes = { lookMs: 30_000, restMs: 1_000, firstRetryMs: 500, lastRetryMs: 15_000 };

/** What keeps it. */
export interface CaBundle extends AsyncDisposable {
  /** Looks soon: there is a sign that it is not right. */
  look(): void;
}

interface Webhook {
  readonly name?: string;
  readonly failurePolicy?: string;
  readonly clientConfig?: { readonly caBundle?: string };
  readonly namespaceSelector?: { readonly matchExpressions?: readonly Requirement[] };
  readonly rules?: readonly WebhookRule[];
}

interface WebhookRule {
  readonly resources?: readonly string[];
}

interface Requirement {
  readonly key?: string;
  readonly operator?: string;
  readonly values?: readonly string[];
}

interface Configuration {
  readonly metadata?: { readonly resourceVersion?: string };
  readonly webhooks?: readonly Webhook[];
}

/** Starts keeping it. */
export function keepCaBundle(deps: CaBundleDeps): CaBundle {
  const times = { ...usualTimes, ...deps.times };
  const { written } = deps;
  const stop = new AbortController();
  let wake = new AbortController();
  const look = (): void => wake.abort();
  const unsubscribe = deps.roots.subscribe(look);
  const wait = (ms: number, ...until: readonly AbortSignal[]): Promise<void> =>
    delay(ms, undefined, { signal: AbortSignal.any([stop.signal, ...until]), ref: false }).catch(() => undefined);
  const run = async (): Promise<void> => {
    let retryMs = times.firstRetryMs;
    let last: string | undefined;
    while (!stop.signal.aborted) {
      wake = new AbortController();
      const roots = deps.roots.value;
      const outcome = roots === undefined ? undefined : await writeOnce(roots, deps, stop.signal);
      if (stop.signal.aborted) break;
      if (outcome !== undefined) deps.told(outcome.why);
      if (outcome?.isWritten && roots !== undefined && roots !== last) {
        written.replace(nowBelieved(written.value, roots, performance.now()));
        last = roots;
      }
      const waitMs = outcome?.isWritten === false ? retryMs : times.lookMs;
      retryMs = outcome?.isWritten === false ? Math.min(retryMs * 2, times.lastRetryMs) : times.firstRetryMs;
      if (deps.roots.value !== roots) continue;
      await wait(Math.min(times.restMs, waitMs));
      await wait(waitMs, wake.signal);
    }
  };
  const running = run();
  return {
    look,
    async [Symbol.asyncDispose]() {
      unsubscribe();
      stop.abort();
      await running;
    },
  };
}

interface Outcome {
  /** The roots stand there now. */
  readonly isWritten: boolean;
  /** What is not right; empty: nothing. */
  readonly why: string;
}

/** Looks, and writes what differs. */
async function writeOnce(
  roots: string,
  { client, configuration, enforces, ownNamespace }: CaBundleDeps,
  signal: AbortSignal,
): Promise<Outcome> {
  const path = `/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/${configuration}`;
  try {
    const { metadata, webhooks = [] } = await client.request<Configuration>({ path, signal });
    if (webhooks.length === 0)
      return { isWritten: false, why: `ValidatingWebhookConfiguration ${configuration} has no webhooks` };
    const policyOf = (webhook: Webhook): 'Fail' | 'Ignore' => (enforces && !asksForPods(webhook) ? 'Fail' : 'Ignore');
    const open = webhooks.filter((webhook) => policyOf(webhook) === 'Fail' && !leavesOut(webhook, ownNamespace));
    const caBundle = Buffer.from(roots).toString('base64');
    const changes = webhooks.flatMap((webhook, i) => [
      ...(webhook.clientConfig?.caBundle === caBundle ? [] : [change(i, 'clientConfig/caBundle', caBundle)]),
      ...(webhook.failurePolicy === policyOf(webhook) || open.includes(webhook)
        ? []
        : [change(i, 'failurePolicy', policyOf(webhook))]),
    ]);
    if (changes.length > 0) {
      const test = { op: 'test', path: '/metadata/resourceVersion', value: metadata?.resourceVersion };
      const body = [test, ...changes];
      await client.request({ method: 'PATCH', path, contentType: 'application/json-patch+json', body, signal });
    }
    const [first] = open;
    const why = `webhook ${first?.name} of ${configuration} does not leave out kube-system and our own namespace by its namespaceSelector: its failurePolicy stays as it is`;
    return { isWritten: true, why: first === undefined ? '' : why };
  } catch (thrown) {
    return {
      isWritten: false,
      why: `ValidatingWebhookConfiguration ${configuration}: ${asGatehouseError(thrown).message}`,
    };
  }
}

const change = (i: number, field: string, value: string) => ({ op: 'add', path: `/webhooks/${i}/${field}`, value });

/** Pods must start while we are away, ours among them. */
const asksForPods = ({ rules = [] }: Webhook): boolean =>
  rules.some(({ resources = [] }) =>
    resources.some((each) => each === '*' || each === '*/*' || /^pods(?:$|\/)/.test(each)),
  );

/** With failurePolicy Fail a webhook that is away blocks what it selects: never what is needed to bring it back. */
function leavesOut({ namespaceSelector }: Webhook, ownNamespace: string | undefined): boolean {
  const out = new Set(
    (namespaceSelector?.matchExpressions ?? []).flatMap(({ key, operator, values = [] }) =>
      key === 'kubernetes.io/metadata.name' && operator === 'NotIn' ? values : [],
    ),
  );
  return out.has('kube-system') && (ownNamespace === undefined || out.has(ownNamespace));
}
