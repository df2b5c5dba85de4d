/**
 * What one workload's Envoy is given, so that it decides by itself what it can, and asks for the rest.
 * @module
 */
import { createHash } from 'node:crypto';
import type { PolicyModel } from '../model.ts';
import type { Told } from './compile-tree.ts';
import { type LargestRule, largestRule } from './filing/largest-rule.ts';
import { TreeMemory } from './filing/tree-memory.ts';
import type { AskReason, NativeSettings } from './native-settings.ts';
import { selfCheck } from './self-check.ts';
import { type JwtAuthn, jwtAuthn } from './tokens/jwt-authn.ts';
import { encodeTree, MOST_NESTED } from './tree/encode-tree.ts';
import { bytesField, toBytes } from './tree/proto-bytes.ts';
import type { StateRead } from './tree/states-read.ts';
import { scopeOf } from './workload-scope.ts';
import { type PlacedWorkload, treesOf } from './workload-trees.ts';

/** What one workload's Envoy is given: serialized typed_configs of its filters, and the version that all of them carry. */
export interface NativePolicy {
  /** Hash of the bytes: same policy, same bytes, same version. */
  readonly version: string;
  /** `envoy.extensions.filters.http.rbac.v3.RBAC`, serialized: matcher, shadow matcher, rules_stat_prefix. */
  readonly http: Uint8Array;
  /** Of AUDIT and other second filters; by the name of the ECDS resource. */
  readonly others: ReadonlyMap<string, { readonly typeUrl: string; readonly bytes: Uint8Array }>;
  /** What stands around the filter for requests, so that its tree sees claims; undefined: nothing. */
  readonly tokens: JwtAuthn | undefined;
  /** `envoy.extensions.filters.network.rbac.v3.RBAC`, serialized, for TCP listeners. */
  readonly network: Uint8Array;
  /** So many messages lie inside each other in the deepest of these, with what delivery puts around; Envoy unpacks 100. */
  readonly depth: number;
  /** What has to be filled in with each request, so that the trees find it; where it is not there they ask. */
  readonly reads: readonly StateRead[];
  /** What asks and why; one entry without a rule where the whole workload asks. */
  readonly asks: readonly AskReason[];
  /** Why every request of the workload asks; undefined if it does not. */
  readonly everything: string | undefined;
  /** Why every connection asks, where requests do not; undefined if they do not. */
  readonly everyConnection: string | undefined;
}

/** The prefix of what the filters write into the metadata of a request, so that no other RBAC filter writes over it. */
const STAT_PREFIX = 'gh_';

/** The resource of the filter that marks what AUDIT policies mean, and the prefix of what it writes. */
const AUDIT = { resource: 'gatehouse.audit', prefix: 'gha_' } as const;

/** The most bytes that one filter is given. */
const MOST_BYTES = 32 * 1024 * 1024;

/** What a policy leaves for the next one of its workload, to one of them. */
interface Left {
  readonly memory: TreeMemory<Told>;
  readonly model: PolicyModel;
  /** What its trees see of tokens; undefined: nothing was tried. */
  readonly tokens: string | undefined;
}

const left = new WeakMap<NativePolicy, Left>();

/**
 * Compiles the policy of one workload; where a tree cannot stand for it everything asks.
 *
 * @param before  the last policy of the workload: what has not changed since is not compiled again
 * @throws GatehouseError `internal` where a tree differs from the decision: everything must ask then, and somebody must hear of it
 */
export function nativePolicyOf(
  model: PolicyModel,
  workload: PlacedWorkload,
  settings: NativeSettings,
  before?: NativePolicy,
): NativePolicy {
  const last = before && left.get(before);
  if (before !== undefined) left.delete(before);
  const memory = last?.memory ?? new TreeMemory<Told>();
  const { made, tokens } = compiled(model, workload, settings, { memory, last });
  left.set(made, { memory, model, tokens });
  return made;
}

function compiled(
  model: PolicyModel,
  workload: PlacedWorkload,
  settings: NativeSettings,
  { memory, last }: { readonly memory: TreeMemory<Told>; readonly last: Left | undefined },
): { readonly made: NativePolicy; readonly tokens: string | undefined } {
  const trees = treesOf(model, workload, settings, memory);
  if ('everything' in trees) return { made: askEverything(trees.everything), tokens: undefined };
  // Where tokens are seen otherwise than before, all rules mean something else.
  selfCheck(trees, { model, workload, settings, checked: last?.tokens === trees.tokensName ? last?.model : undefined });
  const { http, network, shadow, audit, providers, reads, asks, everyConnection } = trees;
  const filters = [http, network, shadow, audit].map((root) => root && encodeTree(root));
  const why = filters.map((each) => each && beyondLimits(each)).find((each) => each !== undefined);
  if (why !== undefined) return { made: askEverything(why, largestIn(model, workload)), tokens: undefined };
  const [ofHttp, ofTcp, ofShadow, ofAudit] = filters.map((each) => each?.bytes);
  const made = nativePolicy({
    http: httpFilter(ofHttp!, STAT_PREFIX, ofShadow), // always there
    tokens: providers.length === 0 ? undefined : jwtAuthn(providers),
    network: networkFilter(ofTcp!),
    others: ofAudit === undefined ? new Map() : new Map([[AUDIT.resource, auditFilter(ofAudit)]]),
    reads,
    asks,
    depth: Math.max(...filters.map((each) => (each?.depth ?? 0) + AROUND)),
    everything: undefined,
    everyConnection,
  });
  return { made, tokens: trees.tokensName };
}

/** Room for what delivery puts around a tree. */
const AROUND = 12;

function beyondLimits({ bytes, depth }: ReturnType<typeof encodeTree>): string | undefined {
  if (depth > MOST_NESTED - AROUND) return `the tree would be ${depth} messages deep, more than Envoy takes`;
  return bytes.length > MOST_BYTES ? `the tree would have ${bytes.length} bytes, more than ${MOST_BYTES}` : undefined;
}

function largestIn(model: PolicyModel, workload: PlacedWorkload): LargestRule | undefined {
  const scope = scopeOf(model, workload);
  return 'asks' in scope ? undefined : largestRule(scope.stages.flatMap(({ policies }) => policies));
}

const httpFilter = (matcher: string, prefix: string, shadow?: string): string =>
  bytesField(4, matcher) +
  (shadow === undefined ? '' : bytesField(5, shadow) + bytesField(3, prefix)) +
  bytesField(6, prefix);

/** The filter of connections tells only of its shadow what it found: ext_authz goes by that. */
const networkFilter = (matcher: string): string =>
  bytesField(3, 'gatehouse') + bytesField(6, matcher) + bytesField(7, matcher) + bytesField(5, STAT_PREFIX);

const auditFilter = (matcher: string) => ({
  typeUrl: 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC',
  bytes: toBytes(httpFilter(matcher, AUDIT.prefix)),
});

/** A policy by which every request is asked about, and why. @param by  the rule that it is for most of all */
export function askEverything(reason: string, by?: LargestRule): NativePolicy {
  const everything =
    by === undefined
      ? reason
      : `${reason}; the most of it is ${by.field} of rule ${by.rule} of ${by.policy.namespace}/${by.policy.name}`;
  const { bytes, depth } = encodeTree({ is: 'action', name: 'ask:everything', effect: 'allow' });
  return nativePolicy({
    http: httpFilter(bytes, STAT_PREFIX),
    tokens: undefined,
    network: networkFilter(bytes),
    others: new Map(),
    depth: depth + AROUND,
    reads: [],
    asks: [{ policy: undefined, rule: undefined, field: undefined, ...by, reason: everything }],
    everything,
    everyConnection: undefined,
  });
}

interface Parts
  extends Pick<NativePolicy, 'tokens' | 'others' | 'depth' | 'reads' | 'asks' | 'everything' | 'everyConnection'> {
  /** Byte strings. */
  readonly http: string;
  readonly network: string;
}

function nativePolicy({ http: httpText, network: networkText, ...parts }: Parts): NativePolicy {
  const { tokens, others } = parts;
  const http = toBytes(httpText);
  const network = toBytes(networkText);
  const hash = createHash('sha256').update(http).update('\0').update(network);
  for (const [name, { typeUrl, bytes }] of others) hash.update(`\0${name}\0${typeUrl}\0`).update(bytes);
  if (tokens !== undefined)
    hash
      .update('\0tokens\0')
      .update(tokens.verify)
      .update('\0')
      .update(tokens.effects ?? '');
  return { version: hash.digest('hex').slice(0, 32), http, network, ...parts };
}
