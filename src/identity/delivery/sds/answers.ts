/**
 * What was sent on one SDS stream, and what its consumer said to it.
 * @module
 */
import { randomBytes } from 'node:crypto';
import type { Bundle } from '../../../spiffe/bundle.ts';
import { x509VersionOf } from '../../../spiffe/bundle-version.ts';
import type { AckGrade } from '../../source/identity-source.ts';
import type { CallerState, CallerWatch } from '../caller-watch.ts';
import type { DeliveryDeps } from '../delivery-deps.ts';
import type { NamedSecret } from './secrets.ts';

/** The part of a request that answers a response. */
export interface ConsumerResponse {
  readonly responseNonce: string;
  readonly errorDetail?: { readonly message: string } | undefined;
}

/** `first`: it answers nothing; `stale`: it answers a response that is not the last one, and is to be ignored. */
export type ResponseKind = 'first' | 'stale' | 'acknowledged' | 'refused';

export interface Answers {
  /** Registers a response about to be sent, and gives its nonce and a version that rises on this stream. */
  next(secrets: readonly NamedSecret[], state: CallerState): { readonly nonce: string; readonly version: string };
  /** The response has been handed to the connection. */
  sent(): void;
  /**
   * Whatever was to be sent for this state has been: who has its X.509 authorities has them under its sequence too.
   *
   * @param brought  the consumer had them before this stream began, by his own word
   */
  unchanged(state: CallerState, brought?: boolean): void;
  /** Takes the consumer's word, and passes it on to the authority if the response held our bundle. */
  heard(word: ConsumerResponse): ResponseKind;
}

interface Sent {
  readonly nonce: string;
  readonly names: readonly string[];
  readonly state: CallerState;
  readonly holdsOwnBundle: boolean;
  readonly holdsCertificate: boolean;
  /** The bundle sequence that the consumer had acknowledged when this was made; 0: none. */
  readonly acknowledgedBefore: number;
  answered: boolean;
}

/** Creates the record of one stream. */
export function createAnswers({ observer }: DeliveryDeps, { stream }: CallerWatch): Answers {
  let count = 0;
  let last: Sent | undefined;
  /** Of the last response that held our bundle. */
  let holds: { readonly own: Bundle; readonly grade: AckGrade } | undefined;

  function tell({ state, holdsOwnBundle }: Sent, grade: AckGrade): void {
    if (holdsOwnBundle) tellOf(state, grade);
  }

  function tellOf(state: CallerState, grade: AckGrade): void {
    const { own } = state.bundles;
    holds = { own, grade };
    const spiffeIds = state.entries.map((entry) => entry.spiffeId);
    stream.tell({ spiffeIds, sequence: own.sequence, grade, kinds: ['x509'] });
  }

  return {
    next(secrets, state) {
      count += 1;
      last = {
        nonce: `${count}-${randomBytes(4).toString('hex')}`,
        names: secrets.map(({ name }) => name),
        state,
        holdsOwnBundle: secrets.some((secret) => secret.holdsOwnBundle),
        holdsCertificate: secrets.some((secret) => secret.holdsCertificate),
        acknowledgedBefore: stream.acknowledged(),
        answered: false,
      };
      return { nonce: last.nonce, version: String(count) };
    },
    sent() {
      if (last === undefined) return;
      if (last.holdsCertificate && !last.holdsOwnBundle)
        stream.present(last.state.entries.map((each) => each.spiffeId));
      if (!last.answered) tell(last, 'sent');
    },
    unchanged(state, brought = false) {
      const { own } = state.bundles;
      if (holds === undefined) {
        if (brought) tellOf(state, 'acknowledged');
      } else if (own.sequence > holds.own.sequence && x509VersionOf(own) === x509VersionOf(holds.own))
        tellOf(state, holds.grade);
    },
    heard({ responseNonce, errorDetail }) {
      // Before anything was sent, a nonce is of a stream that is gone: Envoys may bring one when they come again.
      if (responseNonce === '' || last === undefined) return 'first';
      if (responseNonce !== last.nonce) return 'stale';
      const kind = errorDetail === undefined ? 'acknowledged' : 'refused';
      if (!last.answered) {
        last.answered = true;
        tell(last, kind);
        if (kind === 'acknowledged' && last.holdsCertificate) stream.renewed(last.acknowledgedBefore);
        if (errorDetail !== undefined)
          observer.refusedByConsumer(last.state.attestation, last.names, errorDetail.message);
      }
      return kind;
    },
  };
}
