/**
 * What every protocol of delivery works with.
 * @module
 */
import type { GatehouseError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Ticks } from '../../lib/ticks.ts';
import type { Watchable } from '../../lib/watchable.ts';
import type { Attestation, Attestor } from '../attestation/attestor.ts';
import type { Entry } from '../registration/entry.ts';
import type { ImplicitEntry } from '../registration/implicit-entries.ts';
import type { Channel, IdentitySource } from '../source/identity-source.ts';
import type { Consumers } from './consumers.ts';

/** Logs and counters, as delivery needs them. */
export interface DeliveryObserver {
  streamOpened(channel: Channel): void;
  streamClosed(channel: Channel): void;
  /** A caller was refused, or an RPC failed. `attestation` is absent if there was none. */
  failed(method: string, error: GatehouseError): void;
  /** A consumer refused what we sent (SDS NACK), with the text of its error. */
  refusedByConsumer(attestation: Attestation, names: readonly string[], words: string): void;
  /** A secret breaks rules of Envoy's, each with its field: it is not sent, and whoever has an older one keeps that. */
  withheld(name: string, broken: readonly string[]): void;
  /**
   * An SVID could not be renewed, or one of several was refused: the caller goes on with what it has, until that expires, and with
   * its other identities.
   */
  renewalFailed(spiffeId: string, error: GatehouseError): void;
}

export interface DeliveryDeps {
  readonly source: IdentitySource;
  readonly entries: Watchable<readonly Entry[]>;
  /** Absent: nothing is implied. */
  readonly implicit?: ImplicitEntry | undefined;
  readonly attestor: Attestor;
  readonly consumers: Consumers;
  readonly waitingStreams: WaitingStreams;
  readonly clock: Clock;
  readonly ticks: Ticks;
  readonly observer: DeliveryObserver;
}

/** A stream that waits for a change. */
export interface WaitingStream {
  /** When it is to be woken, in milliseconds since 1970, if nothing else happens. */
  readonly dueAt: number;
  /** Its caller; the stream is woken when that process has ended. */
  readonly attestation: Attestation | undefined;
  wake(): void;
}

/** All streams that wait for a change: of the bundle, CRLs, entries, renewals or the time. */
export interface WaitingStreams {
  add(listener: WaitingStream): void;
  remove(listener: WaitingStream): void;
}
