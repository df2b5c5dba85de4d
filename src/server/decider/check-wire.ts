/**
 * What either wire under Check goes by: the lane's and grpc-js'.
 * @module
 */
import type { Socket } from 'node:net';
import type { Check } from '../../authz/check.ts';
import type { Caller } from '../../authz/destination/destination.ts';
import type { Watchable } from '../../lib/watchable.ts';
import type { ServingState } from '../../transport/health-service.ts';
import type { LaneTally } from '../../transport/lane/counts.ts';
import type { ListenAddress } from '../../transport/listen/listen-address.ts';

/** The method that Envoy calls, as HTTP/2 `:path`. */
export const CHECK_PATH = '/envoy.service.auth.v3.Authorization/Check';
/** gRPC's own default; a larger CheckRequest gets RESOURCE_EXHAUSTED. */
export const MAX_REQUEST_BYTES = 4 * 1024 * 1024;
/** By a unix socket or plain loopback. */
export const LOCAL: Caller = { local: true };
/** Has no SVID of ours: may ask about nothing. */
export const NOBODY: Caller = { spiffeId: '', serial: '', spki: '' };

/** What a wire under Check serves; `trouble` is told of faults of ours. */
export interface WireDeps {
  readonly check: Check;
  readonly serving: Watchable<ServingState>;
  readonly trouble: (thrown: unknown) => void;
}

/** A transport that is told who calls. */
export interface InnerTransport {
  takeTally(): LaneTally | undefined;
  accept(socket: Socket, listener: ListenAddress, caller: Caller): void;
  drain(graceMs: number): Promise<void>;
}
