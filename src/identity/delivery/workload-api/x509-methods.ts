/**
 * The X.509 half of the SPIFFE Workload API.
 * @module
 */
import { create } from '@bufbuild/protobuf';
import {
  SpiffeWorkloadAPI,
  type X509BundlesResponse,
  X509BundlesResponseSchema,
  type X509SVIDResponse,
  X509SVIDResponseSchema,
  X509SVIDSchema,
} from '../../../gen/spiffe/workload/workloadapi_pb.ts';
import type { Bundle, BundleSet } from '../../../spiffe/bundle.ts';
import { idOfTrustDomain } from '../../../spiffe/spiffe-id.ts';
import { type CallContext, type GrpcMethod, serverStreaming } from '../../../transport/grpc-methods.ts';
import type { Entry } from '../../registration/entry.ts';
import { type CallerState, type CallerWatch, watchCaller } from '../caller-watch.ts';
import type { DeliveryDeps } from '../delivery-deps.ts';
import { federatedBundles } from '../federated-bundles.ts';
import { createHeldSvids, type HeldSvid } from '../held-svids.ts';
import { requireSecurityHeader } from './security-header.ts';

/** FetchX509SVID and FetchX509Bundles: the full state first and at every change (Workload API §5.2). */
export function x509Methods(deps: DeliveryDeps): GrpcMethod[] {
  return [
    serverStreaming(SpiffeWorkloadAPI.method.fetchX509SVID, (_, context) => fetchX509Svid(deps, context)),
    serverStreaming(SpiffeWorkloadAPI.method.fetchX509Bundles, (_, context) => fetchX509Bundles(deps, context)),
  ];
}

async function* fetchX509Svid(deps: DeliveryDeps, context: CallContext): AsyncGenerator<X509SVIDResponse> {
  requireSecurityHeader(context.metadata);
  using watch = watchCaller(deps, context, 'workload-api');
  const held = createHeldSvids(deps, watch.stream, 'workload-api');
  let last = '';
  let crls: readonly Uint8Array[] | undefined;
  while (!context.signal.aborted) {
    const state = await watch.state();
    const svids = await held.refresh(state.entries, state.attestation);
    const content = contentOf(state, svids);
    if (content !== last || state.crls !== crls) {
      yield responseOf(svids, state);
      last = content;
      crls = state.crls;
      acknowledgeSent(watch, state);
    }
    await watch.changed(held.dueAt);
  }
}

async function* fetchX509Bundles(deps: DeliveryDeps, context: CallContext): AsyncGenerator<X509BundlesResponse> {
  requireSecurityHeader(context.metadata);
  using watch = watchCaller(deps, context, 'workload-api');
  let last = '';
  let crls: readonly Uint8Array[] | undefined;
  while (!context.signal.aborted) {
    const state = await watch.state();
    const content = contentOf(state, []);
    if (content !== last || state.crls !== crls) {
      const own = [idOfTrustDomain(state.bundles.own.trustDomain), bundleBytes(state.bundles.own)] as const;
      const bundles = Object.fromEntries([own, ...federatedOf(state.bundles, state.entries)]);
      yield create(X509BundlesResponseSchema, { bundles, crl: [...state.crls] });
      last = content;
      crls = state.crls;
      acknowledgeSent(watch, state);
    }
    await watch.changed(Number.POSITIVE_INFINITY);
  }
}

/** Once the generator runs on after a `yield`, its message has been handed to the connection: sent, and no more than that. */
function acknowledgeSent({ stream }: CallerWatch, { entries, bundles }: CallerState): void {
  stream.tell({
    spiffeIds: entries.map((entry) => entry.spiffeId),
    sequence: bundles.own.sequence,
    grade: 'sent',
    kinds: ['x509'],
  });
}

/** Changes exactly if the message would. */
function contentOf({ bundles, entries }: CallerState, svids: readonly HeldSvid[]): string {
  const federated = federatedBundles(bundles, entries);
  return JSON.stringify([
    svids.map(({ entry, svid }) => [entry.spiffeId, entry.hint, svid.serial]),
    [bundles.own, ...federated].map(({ trustDomain, sequence }) => [trustDomain, sequence]),
  ]);
}

function responseOf(svids: readonly HeldSvid[], { bundles, crls }: CallerState): X509SVIDResponse {
  const bundle = bundleBytes(bundles.own);
  return create(X509SVIDResponseSchema, {
    crl: [...crls],
    svids: svids.map(({ entry, svid }) =>
      create(X509SVIDSchema, {
        spiffeId: svid.spiffeId,
        x509Svid: Buffer.concat(svid.chain),
        x509SvidKey: svid.privateKey ?? new Uint8Array(),
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
}

function federatedOf(bundles: BundleSet, entries: readonly Entry[]): (readonly [string, Uint8Array])[] {
  return federatedBundles(bundles, entries).map(
    (each) => [idOfTrustDomain(each.trustDomain), bundleBytes(each)] as const,
  );
}

const bundleBytes = ({ x509Authorities }: Bundle): Uint8Array => Buffer.concat(x509Authorities);
