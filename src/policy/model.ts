/**
 * The one model that all policy languages are translated to.
 *
 * Plain data that survives structured clone: the primary makes it from documents, deciders compile it.
 * Every string that is compared with a request is a byte string (`lib/byte-string.ts`).
 * @module
 */

import type { Position } from './documents/position.ts';
import type { LabelExpr } from './meaning/labels.ts';
import type { Registry } from './registry/registry.ts';

export type Dialect = 'istio' | 'calico' | 'kubernetes' | 'site';
/**
 * Who judges: `istio` as Envoy's RBAC does, `calico` as Calico's ext_authz server does, `l4` as the network does, `site` as what
 * stands around the cluster does.
 */
export type PlaneId = 'istio' | 'calico' | 'l4' | 'site';
/** `enforce` decides, `observe` is reported only, `off` is not evaluated. */
export type PlaneMode = 'enforce' | 'observe' | 'off';

/** How an absent fact is read: as the dialect's own system reads it, or so that it never allows (design D6). */
export type Absence = 'upstream' | 'strict';

/** Names one document; `namespace` is empty for cluster-scoped kinds. */
export interface PolicyRef {
  readonly dialect: Dialect;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** Everything in force, for one generation. Planes are ANDed. */
export interface PolicyModel {
  /** Rises by one with every model that is put in force. */
  readonly generation: number;
  readonly absence: Absence;
  readonly planes: readonly Plane[];
  /** Who lives where; absent until something needs it. */
  readonly registry?: Registry;
  /** CIDRs behind which the source's place is unknown (NAT, gateways). */
  readonly hops?: readonly string[];
}

/** One system's policies, stage after stage. */
export interface Plane {
  readonly id: PlaneId;
  readonly mode: PlaneMode;
  readonly stages: readonly Stage[];
}

/**
 * Stages are walked in order; the first that decides ends the plane. A plane in which no stage decides allows. In the plane `site` each
 * stage is a layer of its own: a request passes if all of them let it.
 */
export type Stage = RuleStage | TransportStage | TokenStage;

/**
 * - `any-deny`: a rule that holds denies.
 * - `any-allow`: a rule that holds allows; none holds: deny; no policy selects the workload: the stage is skipped.
 * - `delegate`: a rule that holds hands over to an external provider.
 * - `audit`: a rule that holds is recorded.
 * - `first-match`: policies by order, their rules by index; the first that holds has its effect.
 */
export interface RuleStage {
  readonly kind: 'any-deny' | 'any-allow' | 'delegate' | 'audit' | 'first-match';
  /** For people: `DENY`, `ALLOW`, a tier's name. */
  readonly name: string;
  readonly policies: readonly Policy[];
  /** `first-match` only: what happens if policies select the workload and no rule holds. */
  readonly onNoMatch?: 'deny' | 'pass' | 'allow';
  /** `first-match` only: policies select the destination (`ingress`, the default) or the source (`egress`). */
  readonly direction?: 'ingress' | 'egress';
}

/** One document that holds rules. */
export interface Policy {
  readonly ref: PolicyRef;
  readonly position: Position;
  /** What the document itself says of its owner; empty if nothing. `owners.ts` knows more. */
  readonly owner: string;
  /** `dry-run` is evaluated and reported, and decides nothing. */
  readonly mode: 'enforce' | 'dry-run';
  readonly subject: Subject;
  readonly rules: readonly Rule[];
  /** Of tiers only: its order or priority, Infinity where it has none. Of equal ones the names decide which is asked first. */
  readonly order?: number;
  /** `delegate` only. */
  readonly provider?: string;
  /**
   * `delegate` only: `envoy` asks the provider itself, so such a policy decides nothing here; with `nobody` a rule that
   * holds denies `custom_unavailable`.
   */
  readonly providerAskedBy?: 'envoy' | 'nobody';
}

/** Which workloads a policy applies to. */
export interface Subject {
  /** Undefined: every namespace (a root-namespace policy). */
  readonly namespace: string | undefined;
  /** Equalities that must all hold on the workload's labels. Empty: all workloads of the namespace. */
  readonly labels: readonly (readonly [key: string, value: string])[];
  /** A condition on the effective labels of the endpoint (`registry.ts`), beside the two above. */
  readonly selector?: LabelExpr;
}

/** What a rule that holds does; `pass` and `log` exist in tiers only. */
export type Effect = 'allow' | 'deny' | 'pass' | 'log';

/** A rule of a policy; it holds if the condition of the protocol holds. */
export interface Rule {
  /** Index in the document's own list of rules. */
  readonly index: number;
  readonly position: Position;
  readonly effect: Effect;
  /** Holds for HTTP requests. */
  readonly http: Expr;
  /** Holds for TCP connections, where HTTP facts do not exist; undefined: the rule does not exist there. */
  readonly tcp: Expr | undefined;
  /** It stands behind the others whether its authors want it or not, as default rules do. */
  readonly isDefault?: true;
}

/** A condition over facts. `all` of nothing is true, `any` of nothing is false. */
export type Expr =
  | { readonly op: 'all'; readonly of: readonly Expr[] }
  | { readonly op: 'any'; readonly of: readonly Expr[] }
  | { readonly op: 'not'; readonly of: Expr }
  | Atom;

/** One fact against alternatives: true if any alternative holds for any value of the fact. */
export type Atom =
  | { readonly op: 'text'; readonly fact: TextFact; readonly any: readonly TextPattern[] }
  /** `unmap`: an IPv4-mapped IPv6 address counts as the IPv4 address. */
  | { readonly op: 'address'; readonly fact: AddressFact; readonly any: readonly Cidr[]; readonly unmap?: boolean }
  | { readonly op: 'port'; readonly fact: 'destinationPort' | 'sourcePort'; readonly any: readonly PortRange[] }
  /** IP protocol numbers. */
  | { readonly op: 'protocol'; readonly any: readonly number[] }
  /** The address of that end belongs to an endpoint or network set of the registry whose effective labels satisfy the selector. */
  | {
      readonly op: 'endpoint';
      readonly end: 'source' | 'destination';
      readonly selector: LabelExpr;
      /** As the network asks: behind a hop (NAT, gateway) the caller's principal identifies it, not the address. */
      readonly byHops: boolean;
    }
  /** The port of that end is one that the endpoint there gives this name. */
  | { readonly op: 'namedPort'; readonly end: 'source' | 'destination'; readonly name: string }
  /**
   * The principal of that end, `/ns/<namespace>/sa/<service account>` in any trust domain, satisfies all that is given.
   * Absent or of another form: unknown, which Calico counts as satisfied.
   */
  | {
      readonly op: 'identity';
      readonly end: 'source' | 'destination';
      /** The namespace is this one. */
      readonly ownNamespace?: string;
      /** Over the namespace's own labels and `projectcalico.org/name`. */
      readonly namespace?: LabelExpr;
      readonly names?: readonly string[];
      /** Over the service account's own labels. */
      readonly serviceAccount?: LabelExpr;
    };

/**
 * Facts whose values are byte strings. A fact may have none (absent), one, or several values.
 * - `peerName`: every URI SAN, then every DNS SAN, then the subject of the verified peer certificate.
 * - `path`: `:path` up to the first `?` or `#`.
 * - `normalPath`: the path as Calico normalises it (`meaning/normal-path.ts`); absent if that cannot be done.
 * - `header`: one value a line of the header; `name` is lower-case; pseudo-headers too (`:path` whole).
 * - `sni`: lower-cased.
 * - `claim`: the strings (and string list elements) at a path of the verified token's claims.
 * - `metadata`: string or list elements of dynamic metadata that Envoy sent.
 */
export type TextFact =
  | { readonly of: 'peerName' | 'method' | 'path' | 'normalPath' | 'host' | 'sni' }
  | { readonly of: 'header'; readonly name: string }
  | { readonly of: 'claim'; readonly path: readonly string[] }
  | { readonly of: 'metadata'; readonly filter: string; readonly path: readonly string[]; readonly list: boolean };

/** `source`: the direct peer. `remote`: the client by X-Forwarded-For and trusted hops. `destination`: our own side. */
export type AddressFact = 'source' | 'remote' | 'destination';

/** A range of addresses. */
export interface Cidr {
  /** Canonical text, e.g. `10.0.0.0/8`, `fd00::/16`. */
  readonly text: string;
}

/** Both ends included. */
export interface PortRange {
  readonly from: number;
  readonly to: number;
}

/** A test of one value. */
export type TextPattern =
  | { readonly is: 'exact' | 'prefix' | 'suffix'; readonly value: string; readonly ignoreCase?: boolean }
  /** There is a value, even an empty one. */
  | { readonly is: 'present' }
  /** There is a value that is not empty (RE2 `.+`, full match). */
  | { readonly is: 'nonEmpty' }
  /** Literal parts in order with any run of bytes between them; `first`/`last` parts are anchored. `within` bars `/` from the first run. */
  | { readonly is: 'glob'; readonly parts: readonly string[]; readonly within?: 'segment' }
  /** The value is this path or lies under it, segment by segment. */
  | { readonly is: 'under'; readonly value: string }
  /** Path template with `{*}` and `{**}` (Envoy's uri_template). */
  | { readonly is: 'template'; readonly text: string }
  /** `spiffe://` any trust domain `/ns/` namespace, optional segments, `/sa/` service account, optional tail. */
  | { readonly is: 'serviceAccount'; readonly namespace: string; readonly serviceAccount: string };

/** PeerAuthentication: what the transport must be. Precedence is resolved by workload at compile time. */
export interface TransportStage {
  readonly kind: 'transport';
  readonly policies: readonly TransportPolicy[];
}

/** The modes of Istio's PeerAuthentication. */
export type MtlsMode = 'unset' | 'disable' | 'permissive' | 'strict';

/** One PeerAuthentication. */
export interface TransportPolicy {
  readonly ref: PolicyRef;
  readonly position: Position;
  /** What the document itself says of its owner; empty if nothing. `owners.ts` knows more. */
  readonly owner: string;
  readonly scope: 'mesh' | 'namespace' | 'workload';
  readonly subject: Subject;
  /** RFC 3339 `metadata.creationTimestamp` as milliseconds; the oldest of one scope wins. */
  readonly createdAtMs: number | undefined;
  readonly mode: MtlsMode;
  readonly ports: readonly (readonly [port: number, mode: MtlsMode])[];
}

/** RequestAuthentication: which tokens are accepted, and where they are looked for. */
export interface TokenStage {
  readonly kind: 'token';
  readonly policies: readonly TokenPolicy[];
}

/** One RequestAuthentication. */
export interface TokenPolicy {
  readonly ref: PolicyRef;
  readonly position: Position;
  /** What the document itself says of its owner; empty if nothing. `owners.ts` knows more. */
  readonly owner: string;
  readonly subject: Subject;
  readonly rules: readonly TokenRule[];
}

/** One of `jwtRules` of a RequestAuthentication; field names and meanings are Istio's. */
export interface TokenRule {
  readonly position: Position;
  /** Empty: any issuer. */
  readonly issuer: string;
  readonly audiences: readonly string[];
  readonly keys: KeySource;
  readonly fromHeaders: readonly { readonly name: string; readonly prefix: string }[];
  readonly fromParams: readonly string[];
  readonly fromCookies: readonly string[];
  readonly forwardOriginalToken: boolean;
  /** Lower-case header name, or empty. */
  readonly outputPayloadToHeader: string;
  readonly outputClaimToHeaders: readonly { readonly header: string; readonly claim: string }[];
  readonly spaceDelimitedClaims: readonly string[];
  /** Deadline of one fetch of the key set. */
  readonly fetchTimeoutMs: number;
}

/** Where a rule's keys come from; `id` is the key of the set in `KeySets`. */
export type KeySource =
  | { readonly from: 'inline'; readonly id: string; readonly jwks: string }
  | { readonly from: 'uri'; readonly id: string; readonly uri: string }
  | { readonly from: 'discovery'; readonly id: string; readonly issuer: string };

/**
 * Tells whether no policy is loaded. A plane of tiers is there only if some policy is, though it may act in no direction that is asked
 * about; what the site does around the cluster is no policy of it.
 */
export function isEmptyModel(model: PolicyModel): boolean {
  return model.planes.every(
    ({ id, stages }) => id === 'site' || (id === 'istio' && stages.every(({ policies }) => policies.length === 0)),
  );
}
