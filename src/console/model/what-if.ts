/**
 * What an edited policy would change, as the console's server answers it.
 * @module
 */

/** Requests between two classes of workloads that would be decided otherwise. */
export interface ShownChange {
  /** Ids of classes. */
  readonly from: string;
  readonly to: string;
  /** E.g. `GET on /v1/*, port 8080`. */
  readonly text: string;
  readonly rules: readonly {
    readonly policy: string;
    readonly rule: number;
    readonly file: string;
    readonly line: number;
  }[];
  readonly owners: readonly string[];
}

/** The exact difference. */
export interface ShownDifference {
  readonly equal: boolean;
  readonly classes: readonly { readonly id: string; readonly names: readonly string[]; readonly outside: boolean }[];
  readonly added: readonly ShownChange[];
  readonly removed: readonly ShownChange[];
}

/** A past decision, decided again. */
export interface Replayed {
  /** Its id. */
  readonly name: string;
  readonly same: boolean;
  readonly differences: readonly { readonly of: string; readonly want: string; readonly got: string }[];
}

export interface WhatIfAnswer {
  readonly difference: { readonly known: ShownDifference } | { readonly unknown: string };
  readonly replayed: readonly Replayed[];
}
