/**
 * The cluster's admission webhook in this process: its listener, what it judges by, and the configuration that leads to it.
 * @module
 */
import { existsSync, readFileSync } from 'node:fs';
import type { Config } from '../../config/config.ts';
import { GatehouseError } from '../../errors.ts';
import { certificatesToPem, fromPem } from '../../identity/pki/pem.ts';
import { publishedRoots } from '../../identity/pki/published-roots.ts';
import { createWatchable, type Watchable } from '../../lib/watchable.ts';
import type { KubernetesClient } from '../../platform/kubernetes/client.ts';
import type { Log } from '../../platform/observe/log.ts';
import type { Metrics } from '../../platform/observe/metrics.ts';
import type { ReadinessBoard } from '../../platform/observe/readiness.ts';
import { isObjectPlace } from '../../policy/documents/position.ts';
import { ignoreRule } from '../../policy/sources/ignore-rule.ts';
import type { PolicyLoad } from '../../policy/sources/policy-sources.ts';
import type { BundleSet } from '../../spiffe/bundle.ts';
import type { TlsIdentity } from '../../transport/listen/tls-front.ts';
import { connectionLimit } from '../listeners/connection-limit.ts';
import { type HttpListener, openHttpListener } from '../listeners/http-listener.ts';
import { listenAddress } from '../listeners/listen-addresses.ts';
import { dialectOptions } from '../policy/policy-sources.ts';
import { createProofThread, proofConfigOf } from '../proofs/proof-thread.ts';
import type { StandingProof } from '../proofs/standing-proof.ts';
import type { RefusalReports } from '../refusal-reports.ts';
import { watchShownFiles } from '../tls/certificate-files.ts';
import { createAdmissionHandler } from './admission-handler.ts';
import type { BelievedRoots } from './believed-roots.ts';
import { type CaBundle, keepCaBundle } from './ca-bundle.ts';
import type { ChangeRules } from './changed-files.ts';
import type { ReviewRules } from './judge-review.ts';
import { createProveChange, type ProveChange } from './prove-change.ts';
import { showBelieved } from './shown-identity.ts';

export interface AdmissionDeps {
  readonly config: Watchable<Config>;
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'countReview' | 'setCaBundleCurrent'>;
  readonly board: Pick<ReadinessBoard, 'degrade'>;
  readonly tls: { readonly admission: Watchable<TlsIdentity | undefined> };
  readonly cluster: { client(): Promise<KubernetesClient> };
  readonly policies: { readonly current: Watchable<PolicyLoad> };
  readonly identity: { readonly bundles: Watchable<BundleSet | undefined> };
  readonly refusals: Pick<RefusalReports, 'handshakeFailed'>;
  /** The proof of what is in force; undefined: there is none. */
  readonly standing: Pick<StandingProof, 'state'> | undefined;
}

/** How long a caller may take to send a question: it has a turn meanwhile. */
const BODY_MS = 5_000;
/** The first proof of the thread that proves changes. */
const WARM_MS = 120_000;
/** API servers keep connections for their next question. */
const IDLE_MS = 120_000;

/** Opens the webhook where the configuration has one. @throws GatehouseError `address_in_use`, `config_invalid` */
export async function openAdmission(deps: AdmissionDeps): Promise<HttpListener | undefined> {
  const { listen, admission } = deps.config.value;
  if (listen.admission === undefined) return undefined;
  await using stack = new AsyncDisposableStack();
  const { check, prove, onTimeout, service } = admission;
  const ownNamespace = service?.namespace ?? podNamespace();
  const clientCa = admission.clientCa === undefined ? undefined : readPem(admission.clientCa);
  const { shown } = listen.admission;
  const own = shown === undefined ? deps.tls.admission : stack.use(filesOf(shown, deps)).identity;
  const { identity, caBundle } = await believed(own, clientCa, ownNamespace, deps, stack);
  const rules = rulesBy(deps);
  const listener = stack.use(
    await openHttpListener(listenAddress(listen.admission), {
      handle: createAdmissionHandler({
        ...{ check, onTimeout, ownNamespace, log: deps.log },
        rules,
        prove: prove === 'off' ? undefined : { mode: prove, judge: proveChangeBy(rules, deps, stack) },
        counted: deps.metrics.countReview,
      }),
      failed: (thrown) => deps.log.error(`admission: ${String(thrown)}`),
      identity,
      callers: clientCa === undefined ? 'any' : 'certified',
      identify: () => undefined, // callers are API servers, of whom we know no more than their addresses
      limits: { connections: connectionLimit('admission'), bodyMs: BODY_MS, headMs: IDLE_MS },
      handshakeFailed(failure) {
        if (failure.untrusted) caBundle?.look();
        deps.refusals.handshakeFailed('admission', { ...failure, certificate: undefined }); // no workload's certificate
      },
    }),
  );
  const opened = stack.move();
  return { ...listener, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** What is shown, and, where the configuration names one, what keeps the cluster's word on whom to believe. */
async function believed(
  own: Watchable<TlsIdentity | undefined>,
  clientCa: string | undefined,
  ownNamespace: string | undefined,
  { config, log, board, metrics, cluster, identity: { bundles } }: AdmissionDeps,
  stack: AsyncDisposableStack,
): Promise<{ readonly identity: Watchable<TlsIdentity | undefined>; readonly caBundle: CaBundle | undefined }> {
  const { configuration, check, prove } = config.value.admission;
  const enforces = check === 'enforce' || prove === 'enforce';
  if (configuration === undefined)
    return { identity: stack.use(showBelieved(own, undefined, clientCa)).identity, caBundle: undefined };
  const client = await cluster.client();
  const written = createWatchable<BelievedRoots>(new Map());
  const roots = createWatchable<string | undefined>(undefined);
  const shown = stack.use(showBelieved(own, written, clientCa));
  /** What is still shown must still be believed, also where its authority has gone meanwhile. */
  const look = (): void => {
    const published = bundles.value?.own.x509Authorities ?? [];
    const behind = shown.behind();
    const all = [...published, ...(behind === '' ? [] : fromPem('CERTIFICATE', behind))];
    const pem = certificatesToPem(publishedRoots(all, Date.now()));
    if (pem !== '' && pem !== roots.value) roots.replace(pem);
  };
  for (const each of [bundles, own, shown.identity]) stack.defer(each.subscribe(look));
  look();
  let last: string | undefined;
  const told = (why: string): void => {
    metrics.setCaBundleCurrent(why === '');
    board.degrade('admission', why === '' ? [] : [`admission: ${why}`]);
    if (why !== last) log[why === '' ? 'info' : 'warn'](`admission: ${why === '' ? `${configuration} is right` : why}`);
    last = why;
  };
  const caBundle = stack.use(keepCaBundle({ client, configuration, roots, written, enforces, ownNamespace, told }));
  return { identity: shown.identity, caBundle };
}

/** What changes are judged by now; made once for what is in force. */
function rulesBy({ config, policies }: AdmissionDeps): () => ReviewRules & ChangeRules {
  let known: { readonly load: PolicyLoad; readonly rules: ReviewRules & ChangeRules } | undefined;
  return () => {
    const load = policies.current.value;
    if (known?.load === load) return known.rules;
    const { value } = config;
    const { policies: isRead, registry: isRegistryRead } = value.kubernetes;
    const rules = {
      files: load.inForce,
      // Where the cluster is not read, files hold what it has: the same object as it was.
      isReplaced: (file: string) => !isRead || isObjectPlace(file),
      isReplacedPod: (file: string) => !isRegistryRead || isObjectPlace(file),
      ignoreRule: ignoreRule(value.policies, load.model.registry),
      options: dialectOptions(value),
    };
    known = { load, rules };
    return rules;
  };
}

/** Changes are proved by a thread of their own: one that waits for an answer never waits for the standing proof. */
function proveChangeBy(
  rules: () => ChangeRules,
  { config, standing }: AdmissionDeps,
  stack: AsyncDisposableStack,
): ProveChange {
  const thread = stack.use(createProofThread('prove-changes', Infinity));
  // The first change is not to wait until the thread is there.
  void thread.prove({ files: rules().files, config: proofConfigOf(config.value) }, WARM_MS);
  return createProveChange({
    ...{ rules, thread },
    config: () => proofConfigOf(config.value),
    standing: () => standing?.state.value ?? { outcome: undefined, of: undefined },
  });
}

const filesOf = (shown: { readonly cert: string; readonly key: string }, { log }: AdmissionDeps) =>
  watchShownFiles('listen.admission', shown, (why) => log.warn(`listen.admission.tls: ${why}`));

function readPem(path: string): string {
  try {
    const pem = readFileSync(path, 'utf8');
    if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem;
  } catch (cause) {
    throw new GatehouseError('config_invalid', `admission.clientCa: ${String(cause)}`, { path }, { cause });
  }
  throw new GatehouseError('config_invalid', `admission.clientCa: there is no certificate in ${path}`, { path });
}

/** The namespace of the pod that we run in, if we do. */
function podNamespace(): string | undefined {
  const file = '/var/run/secrets/kubernetes.io/serviceaccount/namespace';
  return existsSync(file) ? readFileSync(file, 'utf8').trim() || undefined : undefined;
}
