/**
 * Key sets as they travel from the primary to the deciders: plain data that survives structured clone.
 * @module
 */

/** Every fetched key set, for one generation. */
export interface KeySetDocuments {
  /** Rises by one with every replacement. */
  readonly generation: number;
  /** By `KeySource.id`. */
  readonly documents: ReadonlyMap<string, KeySetDocument>;
}

/** The JWKS of one source. */
export interface KeySetDocument {
  /** The JWKS as JSON text; undefined while none could be had. */
  readonly jwks: string | undefined;
  /** Why the last attempt failed, for logs and health; undefined if it did not. */
  readonly failure: string | undefined;
  /** When this text of `jwks` first came from its source, in milliseconds since 1970; 0 if never. */
  readonly fetchedAt: number;
}
