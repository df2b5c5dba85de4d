/**
 * The facts of a decision as the log has them beside the decision itself: what it takes to decide the same request again.
 *
 * Values that may be private (of headers, claims, metadata) are told by their number, as hashes or as they are; secrets are not told
 * at all.
 * @module
 */
import { createHash } from 'node:crypto';
import type { PolicyModel, TextFact } from '../../policy/model.ts';

/** The form of a decision's log line; 1 was without `schema` and without facts. */
export const LOG_SCHEMA = 2;

/** How private values are told. */
export type FactsShown = 'none' | 'names' | 'hashes' | 'values';

/** Values of one fact: a secret, their number, hashes of them, themselves. None is `[]`. */
export type ToldValues = null | number | readonly string[] | { readonly sha256: readonly string[] };

/** What became of the tokens. */
export interface LoggedTokens {
  readonly outcome: 'none' | 'accepted' | 'rejected';
  readonly status?: 401 | 403;
  /** `tokenRulesDigest` of the policies that decided, where they are known. */
  readonly rules?: string;
}

/** Facts that the record of a decision lacks. What has its usual value is absent. */
export interface LoggedFacts {
  /** Of the destination, where its SPIFFE ID does not say so. */
  readonly account?: { readonly namespace: string; readonly serviceAccount: string };
  /** Of the destination; absent: unknown. */
  readonly labels?: Readonly<Record<string, string>>;
  /** The request itself told the labels, so no configuration of workloads counts. */
  readonly labelsTold?: true;
  /** What Envoy calls itself; absent: by the SPIFFE ID of the destination. */
  readonly principal?: string;
  /** Of our own side. */
  readonly address?: string;
  /** Of our own side; absent: none. */
  readonly port?: number;
  /** IP protocol number; absent: 6, TCP. */
  readonly ipProtocol?: number;
  readonly sni?: string;
  /** `isAmbiguousPath`, which looks at what stands behind the path too. */
  readonly ambiguousPath?: true;
  /** The peer showed a certificate. */
  readonly mtls?: true;
  /** All names of the peer; absent: `source.principal` alone, if there is one. */
  readonly names?: readonly string[];
  /** The client by `x-forwarded-for`, and the trusted hops that made it so; absent: there was no such header. */
  readonly client?: { readonly address?: string; readonly hops: number };
  readonly sourceLabels?: Readonly<Record<string, string>>;
  /** Absent: no policy asked for tokens. */
  readonly tokens?: LoggedTokens;
  /** Facts that policies read, by `nameOfFact`. What is not here was read by none. */
  readonly read?: Readonly<Record<string, ToldValues>>;
}

/** Facts whose values are told as the configuration chooses. */
export type ReadFact = Extract<TextFact, { readonly of: 'header' | 'claim' | 'metadata' }>;

/** The hash of a value; by decision, so that equal values of two decisions are not seen to be equal. */
export function hashOfValue(decisionId: string, fact: string, value: string): string {
  return createHash('sha256')
    .update(`${decisionId}\0${fact}\0`)
    .update(value, 'latin1')
    .digest('base64url')
    .slice(0, 22);
}

/** Makes the digest of all token rules that workloads of a namespace may come under: equal digests, equal rules. */
export function createTokenRulesDigest({ planes }: PolicyModel): (namespace: string) => string {
  const stages = planes.flatMap((plane) => plane.stages.filter((stage) => stage.kind === 'token'));
  const known = new Map<string, string>();
  return (namespace) => {
    const made =
      known.get(namespace) ??
      digestOf(
        stages.flatMap(({ policies }) => policies),
        namespace,
      );
    known.set(namespace, made);
    return made;
  };
}

type TokenPolicies = Extract<PolicyModel['planes'][number]['stages'][number], { kind: 'token' }>['policies'];

function digestOf(policies: TokenPolicies, namespace: string): string {
  const near = policies.filter(({ subject }) => (subject.namespace ?? namespace) === namespace);
  const texts = near.map(({ subject, rules }) => {
    const plain = rules.map((rule) => ({ ...rule, position: undefined, fetchTimeoutMs: undefined }));
    return JSON.stringify([subject, plain]);
  });
  return createHash('sha256').update(texts.sort().join('\n')).digest('base64url').slice(0, 12);
}
