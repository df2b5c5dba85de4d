/**
 * What one workload's Envoy is given, so that it decides by itself what it can, and asks for the rest.
 * @module
 */
import { createHash } from 'node:crypto';
import type { Decision } from '../decision.ts';
import type { Destination, Facts } from '../facts.ts';
import type { PolicyModel, PolicyRef } from '../model.ts';
import { any, bytesField, numberField, toBytes } from './proto-bytes.ts';

/** What one workload's Envoy is given: serialized typed_configs of its filters, and the version that all of them carry. */
export interface NativePolicy {
  /** Hash of the bytes: same policy, same bytes, same version. */
  readonly version: string;
  /** `envoy.extensions.filters.http.rbac.v3.RBAC`, serialized: matcher, shadow matcher, rules_stat_prefix. */
  readonly http: Uint8Array;
  /** Of AUDIT and other second filters; by the name of the ECDS resource. */
  readonly others: ReadonlyMap<string, { readonly typeUrl: string; readonly bytes: Uint8Array }>;
  /** `envoy.extensions.filters.network.rbac.v3.RBAC`, serialized, for TCP listeners. */
  readonly network: Uint8Array;
  /** What asks and why; one entry without a rule where the whole workload asks. */
  readonly asks: readonly AskReason[];
  /** Why every request of the workload asks; undefined if it does not. */
  readonly everything: string | undefined;
}

/** Why requests are asked about. */
export interface AskReason {
  /** One sentence, for people. */
  readonly reason: string;
  /** The rule that Envoy cannot judge; undefined: a guard, or the whole workload. */
  readonly policy: PolicyRef | undefined;
  readonly rule: number | undefined;
  /** What of the rule or of the request it is, e.g. `remote address`, `claim sub`, `header cookie`. */
  readonly field: string | undefined;
}

/** What a workload's policy depends on besides the model. */
export interface NativeSettings {
  /** Ours, then its aliases: callers of other trust domains ask. */
  readonly trustDomains: readonly string[];
  readonly verifyPeer: 'off' | 'observe' | 'enforce';
  readonly peerTrustDomains: 'any' | 'own';
  readonly ambiguousRequests: 'asUpstream' | 'deny';
  /** Allow everything while there is no policy at all. */
  readonly allowEmpty: boolean;
  /** Decides by the same model: what the self-check holds the tree against. */
  readonly decide: (facts: Facts) => Decision;
}

/** The prefix of what the filters write into the metadata of a request, so that no other RBAC filter writes over it. */
export const STAT_PREFIX = 'gh_';

/**
 * Compiles the policy of one workload.
 *
 * Nothing is compiled yet: everything asks.
 */
export function nativePolicyOf(_model: PolicyModel, _workload: Destination, _settings: NativeSettings): NativePolicy {
  return askEverything('no policy is decided inside of Envoy yet');
}

/** A policy by which every request is asked about, and why. */
export function askEverything(reason: string): NativePolicy {
  const matcher = bytesField(3, bytesField(2, actionConfig('ask:everything', 'allow')));
  return nativePolicy({
    http: bytesField(4, matcher) + bytesField(6, STAT_PREFIX),
    network: bytesField(3, 'gatehouse') + bytesField(6, matcher) + bytesField(7, matcher) + bytesField(5, STAT_PREFIX),
    others: new Map(),
    asks: [{ reason, policy: undefined, rule: undefined, field: undefined }],
    everything: reason,
  });
}

interface Parts extends Pick<NativePolicy, 'others' | 'asks' | 'everything'> {
  /** Byte strings. */
  readonly http: string;
  readonly network: string;
}

function nativePolicy({ http, network, others, asks, everything }: Parts): NativePolicy {
  const hash = createHash('sha256').update(http, 'latin1').update('\0').update(network, 'latin1');
  for (const [name, { typeUrl, bytes }] of others) hash.update(`\0${name}\0${typeUrl}\0`).update(bytes);
  return {
    version: hash.digest('hex').slice(0, 32),
    http: toBytes(http),
    network: toBytes(network),
    others,
    asks,
    everything,
  };
}

/** `envoy.config.rbac.v3.RBAC.Action`. */
const effectNumbers = { allow: 0, deny: 1, log: 2 } as const;

/** A `TypedExtensionConfig` of an action of RBAC. */
function actionConfig(name: string, effect: keyof typeof effectNumbers): string {
  const action = bytesField(1, name) + numberField(2, effectNumbers[effect]);
  return bytesField(1, 'a') + bytesField(2, any('envoy.config.rbac.v3.Action', action));
}
