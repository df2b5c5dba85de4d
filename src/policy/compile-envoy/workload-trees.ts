/**
 * The trees of one workload: for requests, for connections, for what dry-run policies would do, and for what AUDIT policies mean.
 * @module
 */
import type { Destination } from '../facts.ts';
import { isEmptyModel, type Policy, type PolicyModel } from '../model.ts';
import { type CompiledTree, compileAudit, compileTree, type Told, type TreeInput } from './compile-tree.ts';
import { TreeMemory } from './filing/tree-memory.ts';
import type { AskReason, NativeSettings } from './native-settings.ts';
import type { LetsIn } from './planes/lets-in.ts';
import { scopedTokens } from './tokens/token-context.ts';
import type { TokenProvider } from './tokens/token-filters.ts';
import { type StateRead, statesRead } from './tree/states-read.ts';
import type { Node } from './tree/tree.ts';
import { scopeOf } from './workload-scope.ts';

/** A workload, and how many entries of X-Forwarded-For its own proxies write behind the client's; 0 where that is not said. */
export interface PlacedWorkload extends Destination {
  readonly trustedHops?: number;
  /** Its Envoy is one of `envoy bootstrap --gateway`, which takes clients' addresses from X-Forwarded-For by these hops. */
  readonly isGateway?: boolean;
}

/** The trees of one workload. */
export interface WorkloadTrees {
  readonly http: Node;
  readonly network: Node;
  /** Why `network` asks about everything; undefined if it does not. */
  readonly everyConnection: string | undefined;
  /** Decides as if every dry-run policy were enforced; undefined where there is none. */
  readonly shadow: Node | undefined;
  /** Marks what AUDIT policies mean; undefined where there is none that a tree can judge. */
  readonly audit: Node | undefined;
  /** What the trees for requests look up that has to be filled in with each of them. */
  readonly reads: readonly StateRead[];
  /** By what tokens are verified before the tree for requests; empty: by nothing. */
  readonly providers: readonly TokenProvider[];
  /** Names what trees see of tokens. */
  readonly tokensName: string;
  /** Whom the planes beside Istio's let in; undefined: they have no say. */
  readonly letsIn: LetsIn | undefined;
  readonly asks: readonly AskReason[];
}

/**
 * Compiles the trees of a workload; or says why everything has to be asked about.
 *
 * @param memory  of the last trees of the workload: after an edit the next ones are cheaper, and the same
 */
export function treesOf(
  model: PolicyModel,
  workload: PlacedWorkload,
  settings: Omit<NativeSettings, 'decide'>,
  memory = new TreeMemory<Told>(),
): WorkloadTrees | { readonly everything: string } {
  const scope = scopeOf(model, workload);
  if ('asks' in scope) return { everything: scope.asks };
  if (scope.letsIn !== undefined && workload.isGateway === true) return { everything: GATEWAY };
  if (!settings.allowEmpty && isEmptyModel(model)) return noPolicies;
  const tokens = scopedTokens(scope.tokens, settings.keySets);
  const input: TreeInput = {
    ...{ scope, tokens, settings, memory, trustedHops: workload.trustedHops ?? 0 },
    isGateway: workload.isGateway ?? false,
    ...{ absence: model.absence, protocol: 'http', rehearsing: false },
  };
  const http = compileTree(input);
  const hasDryRun = scope.stages.some(({ kind, policies }) => kind !== 'audit' && policies.some(isDryRun));
  const tcp = hasDryRun ? rehearsed : compileTree({ ...input, protocol: 'tcp' });
  const shadow = hasDryRun ? compileTree({ ...input, rehearsing: true }).root : undefined;
  const audit = compileAudit(input);
  return {
    http: http.root,
    network: tcp.root,
    everyConnection: hasDryRun ? REHEARSED : undefined,
    ...{ shadow, audit, reads: statesRead([http.root, shadow, audit]) },
    providers: tokens.providers,
    tokensName: tokens.context.name,
    letsIn: scope.letsIn,
    asks: distinct([...http.asks, ...tcp.asks]),
  };
}

const GATEWAY = 'planes beside the one of Istio are enforced, and behind a gateway nobody shows whose address it is';

const isDryRun = ({ mode }: Pick<Policy, 'mode'>): boolean => mode === 'dry-run';

/** The filter of connections has one shadow, which says whether to ask. */
const REHEARSED = 'a policy of dry run applies, and what it would do to connections is told by Gatehouse alone';
const rehearsed: CompiledTree = {
  root: { is: 'action', name: 'ask:dry-run', effect: 'allow' },
  asks: [{ reason: `connections: ${REHEARSED}`, policy: undefined, rule: undefined, field: undefined }],
};

const refused: CompiledTree['root'] = { is: 'action', name: 'n:no-policies', effect: 'deny' };

const noPolicies: WorkloadTrees = {
  http: refused,
  network: refused,
  everyConnection: undefined,
  shadow: undefined,
  audit: undefined,
  reads: [],
  providers: [],
  tokensName: '',
  letsIn: undefined,
  asks: [],
};

function distinct(asks: readonly AskReason[]): readonly AskReason[] {
  return [...new Map(asks.map((ask) => [JSON.stringify(ask), ask])).values()];
}
