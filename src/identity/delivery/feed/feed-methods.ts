/**
 * The feed's gRPC methods.
 * @module
 */
import { Feed } from '../../../gen/gatehouse/feed/v1/feed_pb.ts';
import { bidiStreaming, type GrpcMethod, unary } from '../../../transport/grpc-methods.ts';
import { enrol } from './enrol.ts';
import type { FeedDeps } from './feed-deps.ts';
import { follow } from './follow.ts';

/** Follow and Enrol. */
export function feedMethods(deps: FeedDeps): GrpcMethod[] {
  return [
    bidiStreaming(Feed.method.follow, (requests, context) => follow(deps, requests, context)),
    unary(Feed.method.enrol, (request, context) => enrol(deps, request, context)),
  ];
}
