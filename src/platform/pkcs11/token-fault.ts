/**
 * What goes wrong at a token, by what is to be done about it.
 * @module
 */

/**
 * setup: it cannot be opened as it was configured, and no PIN was spent. pin: it has refused the PIN, which must not be tried again.
 * refused: it does not do this one thing. lost: the connection is of no more use.
 */
export type FaultKind = 'setup' | 'pin' | 'refused' | 'lost';

/** A token did not do what it was asked for. */
export class TokenFault extends Error {
  override readonly name = 'TokenFault';
  readonly kind: FaultKind;

  constructor(kind: FaultKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

/** Whatever was thrown, as such a fault: what nobody foresaw means that the connection is lost. */
export function asTokenFault(thrown: unknown): TokenFault {
  if (thrown instanceof TokenFault) return thrown;
  return new TokenFault('lost', thrown instanceof Error ? thrown.message : String(thrown), { cause: thrown });
}
