/**
 * Values of the feed as its messages.
 * @module
 */
import { create } from '@bufbuild/protobuf';
import {
  type Bundle as BundleMessage,
  BundleSchema,
  type Bundles,
  BundlesSchema,
  type Revocations,
  RevocationsSchema,
} from '../../../gen/gatehouse/feed/v1/feed_pb.ts';
import type { Bundle, BundleSet } from '../../../spiffe/bundle.ts';
import { bundleToJwks } from '../../../spiffe/bundle-jwks.ts';
import type { FeedRevocations } from './feed-deps.ts';

/** So that a message stays far below gRPC's usual limit of 4 MiB. */
const ROWS_A_PIECE = 10_000;

/** A trust bundle as a message of the decider feed. */
export function bundleMessage(bundle: Bundle): BundleMessage {
  return create(BundleSchema, { trustDomain: bundle.trustDomain, document: bundleToJwks(bundle) });
}

/** All bundles as a message of the decider feed. */
export function bundlesMessage({ own, intermediates, federated }: BundleSet): Bundles {
  return create(BundlesSchema, {
    own: bundleMessage(own),
    intermediates: intermediates.map((der) => Uint8Array.from(der)),
    federated: [...federated.values()].map(bundleMessage),
  });
}

/** The list in pieces, the last of which is complete; an empty one is one piece. */
export function revocationPieces({ sequence, rows: all }: FeedRevocations): readonly Revocations[] {
  const rows = all.filter(({ kind }) => kind !== 'decider'); // an older decider knows no such kind
  const pieces: Revocations[] = [];
  for (let at = 0; at === 0 || at < rows.length; at += ROWS_A_PIECE) {
    pieces.push(
      create(RevocationsSchema, {
        sequence: BigInt(sequence),
        rows: rows
          .slice(at, at + ROWS_A_PIECE)
          .map(({ kind, value, notAfterAt }) => ({ kind, value, notAfterAt: BigInt(notAfterAt) })),
        complete: at + ROWS_A_PIECE >= rows.length,
      }),
    );
  }
  return pieces;
}
