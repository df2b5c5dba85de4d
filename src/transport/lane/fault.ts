/**
 * Faults of a peer that end its connection, as values: a frame's work returns one, the connection acts on it.
 * @module
 */
import type { HostileKind } from './counts.ts';
import type { H2Error } from './wire/protocol.ts';

export interface Fault {
  /** Sent in GOAWAY. */
  readonly code: H2Error;
  readonly kind: HostileKind;
  /** Sent in GOAWAY, for the people who will wonder. */
  readonly text: string;
}

/** What became of a frame: nothing to say, or the end of the connection. */
export type Outcome = Fault | undefined;

export function fault(code: H2Error, kind: HostileKind, text: string): Fault {
  return { code, kind, text };
}
