/**
 * Callers of Istio's CA that a cluster vouches for: by the token of their pod; by an SVID that was given to their pod, while the
 * pod lives and for some time after its last token; and a node's proxy for the pods of its node.
 * @module
 */
import { GatehouseError } from '../../../errors.ts';
import type { Clock } from '../../../lib/clock.ts';
import type { Watchable } from '../../../lib/watchable.ts';
import type { Selector } from '../../../spiffe/selector.ts';
import { type SpiffeId, serviceAccountOf } from '../../../spiffe/spiffe-id.ts';
import { refuseImpersonation } from '../../attestation/kubernetes/node-proxy.ts';
import type { PodFacts } from '../../attestation/kubernetes/pod-facts.ts';
import type { PodClaim } from '../../attestation/kubernetes/pod-life.ts';
import { selectorsOfPod, type WantedOfPods } from '../../attestation/kubernetes/pod-selectors.ts';
import type { TokenAttestor, TokenHolder } from '../../attestation/kubernetes/token-attestor.ts';
import { entitlements } from '../../registration/entitlements.ts';
import type { Entry } from '../../registration/entry.ts';
import type { ImplicitEntry } from '../../registration/implicit-entries.ts';

/** What a caller gets, and how it was attested: selectors for the ledger. */
export interface Granted {
  readonly entry: Entry;
  readonly selectors: readonly Selector[];
}

/** What a cluster can tell of callers. */
export interface ClusterCallers {
  readonly tokens: TokenAttestor;
  readonly implicit: ImplicitEntry;
  /** Read at every call: entries may change. */
  readonly wanted: () => WantedOfPods;
  /** As `livingPod` and `podsBehind`. */
  readonly livingPod: (claim: PodClaim) => Promise<PodFacts>;
  readonly podsBehind: (
    proxy: TokenHolder,
    account: NonNullable<ReturnType<typeof serviceAccountOf>>,
  ) => Promise<readonly PodFacts[]>;
  /** What `ClusterID` must say, if anything. */
  readonly clusterId: string | undefined;
  /** How long after its last token a pod may renew by its SVID alone. */
  readonly renewForMs: number;
  readonly clock: Clock;
}

/** Of SVIDs that were renewed by an SVID: when a token or the kernel last said who it is. */
const ATTESTED_AT = 'gatehouse:attested-at:';
const NODE_PROXY = 'k8s:node-proxy:';
/** The account's, by its token: another account of that name is not it. */
const ACCOUNT_UID = 'k8s:sa-uid:';

/**
 * What the pod of a token is granted.
 *
 * @param svid  the identity that the connection proved besides, if any: then nothing else
 * @throws GatehouseError `caller_unauthenticated`, `not_entitled`
 */
export function grantToPod(
  { pod, node, serviceAccountUid }: TokenHolder,
  svid: SpiffeId | undefined,
  entries: Watchable<readonly Entry[]>,
  { wanted, implicit }: ClusterCallers,
): Granted {
  const selectors = selectorsOfPod(pod, wanted());
  const given = entitlements(entries.value, selectors, implicit);
  const entry = svid === undefined ? given[0] : given.find((each) => each.spiffeId === svid);
  const name = `pod ${pod.namespace}/${pod.name} of ${pod.serviceAccount}`;
  if (entry === undefined)
    throw new GatehouseError(
      'not_entitled',
      `no entry gives ${name} ${svid ?? 'an identity'}, and attestation.kubernetes.implicit does not name its namespace`,
      { selectors },
    );
  const ofToken = [`${ACCOUNT_UID}${serviceAccountUid}`, ...(node === undefined ? [] : [`k8s:node-name:${node}`])];
  return { entry, selectors: ['k8s:token', ...selectors, ...ofToken] };
}

/**
 * What a node's proxy is granted for a pod of its node.
 *
 * @throws GatehouseError `caller_unauthenticated` in Istio's words, `not_entitled`
 */
export async function grantForPodOfNode(
  proxy: TokenHolder,
  asked: string,
  entries: Watchable<readonly Entry[]>,
  { wanted, implicit, podsBehind }: ClusterCallers,
): Promise<Granted> {
  const account = accountIn(asked);
  if (account === undefined) throw refuseImpersonation(`${JSON.stringify(asked)} is no identity of a service account`);
  for (const pod of await podsBehind(proxy, account)) {
    const of = selectorsOfPod(pod, wanted());
    const entry = entitlements(entries.value, of, implicit).find((each) => each.spiffeId === asked);
    if (entry === undefined) continue;
    const { namespace, serviceAccount, name } = proxy.pod;
    return {
      entry,
      selectors: [
        ...['k8s:token', `${NODE_PROXY}${namespace}/${serviceAccount}`, `k8s:pod-name:${name}`],
        ...[`k8s:node-name:${pod.node}`, `k8s:ns:${account.namespace}`, `k8s:sa:${account.serviceAccount}`],
      ],
    };
  }
  throw new GatehouseError(
    'not_entitled',
    `no entry gives ${asked}, and attestation.kubernetes.implicit does not name its namespace`,
  );
}

function accountIn(text: string): ReturnType<typeof serviceAccountOf> {
  return /^spiffe:\/\/[^/]+\/ns\/[^/]+\/sa\/[^/]+$/.test(text) ? serviceAccountOf(text as SpiffeId) : undefined; // of that form
}

/**
 * What a pod is granted by its SVID alone.
 *
 * @param row  the ledger's, of that SVID
 * @returns undefined when that SVID was not given to a pod
 * @throws GatehouseError `caller_unauthenticated`, `not_entitled`
 */
export async function grantRenewal(
  svid: SpiffeId,
  row: { readonly selectors: readonly Selector[]; readonly issuedAt: number } | undefined,
  entries: Watchable<readonly Entry[]>,
  { wanted, implicit, livingPod, renewForMs, clock }: ClusterCallers,
): Promise<Granted | undefined> {
  const told = (kind: string): string | undefined =>
    row?.selectors.find((each) => each.startsWith(kind))?.slice(kind.length);
  if (told(NODE_PROXY) !== undefined)
    throw new GatehouseError(
      'caller_unauthenticated',
      `${svid} was given to a node's proxy, which renews it by its token`,
    );
  const [namespace, serviceAccount] = [told('k8s:ns:'), told('k8s:sa:')];
  const [podName, podUid] = [told('k8s:pod-name:'), told('k8s:pod-uid:')];
  if (row === undefined || !namespace || !serviceAccount || !podName || !podUid) return undefined;
  const attestedAt = told(ATTESTED_AT) ?? new Date(row.issuedAt).toISOString();
  if (clock.now() >= Date.parse(attestedAt) + renewForMs)
    throw new GatehouseError(
      'caller_unauthenticated',
      `${svid} was last attested at ${attestedAt}: it cannot be renewed by its certificate any more (attestation.kubernetes.renewFor), only with a token`,
    );
  const serviceAccountUid = told(ACCOUNT_UID);
  const pod = await livingPod({ namespace, serviceAccount, podName, podUid, serviceAccountUid });
  const selectors = selectorsOfPod(pod, wanted());
  const entry = entitlements(entries.value, selectors, implicit).find((each) => each.spiffeId === svid);
  if (entry === undefined)
    throw new GatehouseError('not_entitled', `nothing gives ${svid} to its pod any more`, { svid });
  const ofAccount = serviceAccountUid === undefined ? [] : [`${ACCOUNT_UID}${serviceAccountUid}`];
  return { entry, selectors: ['gatehouse:svid', ...selectors, ...ofAccount, `${ATTESTED_AT}${attestedAt}`] };
}
