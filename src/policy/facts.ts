/**
 * What a policy may ask about one request.
 *
 * Declared by the room that asks; `authz/` implements it over the bytes of a CheckRequest. Getters are lazy and answer
 * the same on every call. Every string is a byte string (`lib/byte-string.ts`).
 * @module
 */
import type { TokenRule } from './model.ts';

/** What is known of one request and of the connection that it came on. */
export interface Facts {
  readonly protocol: 'http' | 'tcp';
  /** The workload that is asked for. */
  readonly destination: Destination;
  /** Numeric port of our own side, or -1. */
  readonly destinationPort: number;
  readonly destinationAddress: IpAddress | undefined;
  /** The direct peer. */
  readonly sourceAddress: IpAddress | undefined;
  /** The client by X-Forwarded-For and trusted hops; the direct peer if there is none. */
  readonly remoteAddress: IpAddress | undefined;
  /** -1 if unknown. */
  readonly sourcePort: number;
  /** IP protocol number: 6 TCP, 17 UDP. */
  readonly ipProtocol: number;
  /** What Envoy names as the peer: its first URI SAN, else first DNS SAN, else subject; `''` without a certificate. */
  readonly sourcePrincipal: string;
  /** What Envoy names as itself, in the same way. */
  readonly destinationPrincipal: string;
  /** Labels that the request itself claims for its source; seldom sent, never proof. */
  readonly sourceLabels: ReadonlyMap<string, string>;
  /** Every URI SAN, then every DNS SAN, then the subject; empty without a peer certificate. */
  readonly peerNames: readonly string[];
  /** `''` for TCP. */
  readonly method: string;
  /** `:path` up to the first `?` or `#`; undefined if the request has none. */
  readonly path: string | undefined;
  /** `:authority` as sent; undefined if the request has none. */
  readonly host: string | undefined;
  /** Lower-cased; undefined without TLS or if Envoy does not send it. */
  readonly sni: string | undefined;
  /** One value a line, in order; empty if absent. `name` is lower-case, pseudo-headers too. */
  header(name: string): readonly string[];
  /** Strings, or string elements of the list, at `path` of the accepted token's claims; empty if absent. */
  claim(path: readonly string[]): readonly string[];
  /** Values of dynamic metadata that Envoy sent; empty if absent. */
  metadata(filter: string, path: readonly string[], list: boolean): readonly string[];
  /**
   * Verifies the tokens of the request by the rules that apply to the workload, in order of their issuers. What `claim`
   * answers afterwards are the claims of the accepted token. The same array is passed for the same workload every time.
   */
  verifyTokens(rules: readonly TokenRule[]): TokenVerdict;
}

/** What became of the tokens of a request; no token at all is accepted. */
export type TokenVerdict =
  | { readonly accepted: true }
  | {
      readonly accepted: false;
      readonly reason: 'token_invalid' | 'audience_denied';
      /** The body of the refusal, as jwt_authn words it. */
      readonly text: string;
    };

/** The protected workload, as the contract finds it. */
export interface Destination {
  readonly spiffeId: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  /** Undefined: unknown. A policy with a selector then denies `labels_unknown`. */
  readonly labels: ReadonlyMap<string, string> | undefined;
}

/** An IP address as 4 or 16 bytes. IPv4-mapped IPv6 stays IPv6: Envoy matches it with neither family's ranges. */
export interface IpAddress {
  readonly bytes: Uint8Array;
  readonly text: string;
}
