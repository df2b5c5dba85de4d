/**
 * The X.509 half of the SPIFFE Workload API.
 * @module
 */
import { create, toBinary } from '@bufbuild/protobuf';
import {
  SpiffeWorkloadAPI,
  X509BundlesResponseSchema,
  X509SVIDResponseSchema,
  X509SVIDSchema,
} from '../../../gen/spiffe/workload/workloadapi_pb.ts';
import type { Bundle, BundleSet } from '../../../spiffe/bundle.ts';
import { x509VersionOf } from '../../../spiffe/bundle-version.ts';
import { idOfTrustDomain } from '../../../spiffe/spiffe-id.ts';
import { type CallContext, type GrpcMethod, serverStreaming } from '../../../transport/grpc-methods.ts';
import type { Entry } from '../../registration/entry.ts';
import { type CallerState, type CallerWatch, watchCaller } from '../caller-watch.ts';
import type { DeliveryDeps } from '../delivery-deps.ts';
import { federatedBundles } from '../federated-bundles.ts';
import { createHeldSvids, type HeldSvid, type HeldSvids } from '../held-svids.ts';
import type { Answer } from '../shared-answers.ts';
import { requireSecurityHeader } from './security-header.ts';
import { type Usage, usageOf } from './usage.ts';

/** FetchX509SVID and FetchX509Bundles: the full state first and at every change (Workload API §5.2). */
export function x509Methods(deps: DeliveryDeps): GrpcMethod[] {
  return [
    serverStreaming(SpiffeWorkloadAPI.method.fetchX509SVID, (_, context) => fetchX509Svid(deps, context)),
    serverStreaming(SpiffeWorkloadAPI.method.fetchX509Bundles, (_, context) => fetchX509Bundles(deps, context)),
  ];
}

async function* fetchX509Svid(deps: DeliveryDeps, context: CallContext): AsyncGenerator<Uint8Array> {
  requireSecurityHeader(context.metadata);
  const usage = usageOf(context.metadata);
  // A consumer of its own: what was signed for a look is never given to who would hold it.
  const channel = usage.looks ? 'look' : 'workload-api';
  using watch = watchCaller(deps, context, channel);
  const held = createHeldSvids(deps, watch.stream, channel);
  let last: Answer | undefined;
  let told = 0;
  while (!context.signal.aborted) {
    const { answer, state } = await nextSvids(watch, held, usage, last);
    if (answer !== last) {
      last = answer;
      yield last.bytes;
      told = 0;
    }
    if (!usage.looks) told = acknowledgeSent(watch, state, told);
    await watch.changed(held.dueAt);
  }
}

async function* fetchX509Bundles(deps: DeliveryDeps, context: CallContext): AsyncGenerator<Uint8Array> {
  requireSecurityHeader(context.metadata);
  using watch = watchCaller(deps, context, 'workload-api');
  let last: Answer | undefined;
  let told = 0;
  while (!context.signal.aborted) {
    const state = await watch.state();
    const answer = watch.stream.answers.of('x509-bundles', keyOf(state, []), last, () => bundlesOf(state));
    if (answer !== last) {
      last = answer;
      yield last.bytes;
      told = 0;
    }
    told = acknowledgeSent(watch, state, told);
    await watch.changed(Number.POSITIVE_INFINITY);
  }
}

/** The answer of now, which may be the last one, and of which state it is. */
async function nextSvids(
  watch: CallerWatch,
  held: HeldSvids,
  { looks, lifeMs }: Usage,
  last: Answer | undefined,
): Promise<{ readonly answer: Answer; readonly state: CallerState }> {
  const caller = await watch.state();
  const entries = lifeMs === undefined ? caller.entries : caller.entries.map((each) => shortLived(each, lifeMs));
  const svids = await held.refresh(entries, caller.attestation);
  // An SVID never leaves with an older bundle than that under which it was signed: gates count on it.
  const state = watch.newest(caller);
  return {
    answer: watch.stream.answers.of('x509', keyOf(state, svids), last, () => svidsOf(svids, state, looks)),
    state,
  };
}

const shortLived = (entry: Entry, lifeMs: number): Entry => ({
  ...entry,
  x509SvidTtlMs: Math.min(lifeMs, entry.x509SvidTtlMs > 0 ? entry.x509SvidTtlMs : lifeMs),
});

const kinds = ['x509'] as const;

/**
 * Once the generator runs on after a `yield`, its message has been handed to the connection: sent, and no more than that. Who has
 * been sent these authorities has them under every later sequence that brings no others.
 *
 * @param told  the sequence of which the authority was told, 0 after another message
 */
function acknowledgeSent({ stream }: CallerWatch, { entries, bundles }: CallerState, told: number): number {
  const { sequence } = bundles.own;
  if (sequence === told) return told;
  stream.tell({
    spiffeIds: entries.map((entry) => entry.spiffeId),
    sequence,
    grade: 'sent',
    kinds,
  });
  return sequence;
}

/** Changes exactly if the message would. */
function keyOf({ bundles, entries, crls }: CallerState, svids: readonly HeldSvid[]): readonly unknown[] {
  const key: unknown[] = [crls, svids.length];
  for (const { entry, svid } of svids) key.push(entry.spiffeId, entry.hint, svid.serial);
  key.push(...[bundles.own, ...federatedBundles(bundles, entries)].map(x509VersionOf));
  return key;
}

function bundlesOf({ bundles, entries, crls }: CallerState): Uint8Array {
  const own = [idOfTrustDomain(bundles.own.trustDomain), bundleBytes(bundles.own)] as const;
  const all = Object.fromEntries([own, ...federatedOf(bundles, entries)]);
  return toBinary(X509BundlesResponseSchema, create(X509BundlesResponseSchema, { bundles: all, crl: [...crls] }));
}

function svidsOf(svids: readonly HeldSvid[], { bundles, crls }: CallerState, looks: boolean): Uint8Array {
  const bundle = bundleBytes(bundles.own);
  const message = create(X509SVIDResponseSchema, {
    crl: [...crls],
    svids: svids.map(({ entry, svid }) =>
      create(X509SVIDSchema, {
        spiffeId: svid.spiffeId,
        x509Svid: Buffer.concat(svid.chain),
        x509SvidKey: (looks ? undefined : svid.privateKey) ?? new Uint8Array(),
        bundle,
        hint: entry.hint,
      }),
    ),
    federatedBundles: Object.fromEntries(
      federatedOf(
        bundles,
        svids.map(({ entry }) => entry),
      ),
    ),
  });
  return toBinary(X509SVIDResponseSchema, message);
}

function federatedOf(bundles: BundleSet, entries: readonly Entry[]): (readonly [string, Uint8Array])[] {
  return federatedBundles(bundles, entries)
    .filter(({ x509Authorities }) => x509Authorities.length > 0)
    .map((each) => [idOfTrustDomain(each.trustDomain), bundleBytes(each)] as const);
}

const bundleBytes = ({ x509Authorities }: Bundle): Uint8Array => Buffer.concat(x509Authorities);
