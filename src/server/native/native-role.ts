/**
 * Policies to Envoys that decide themselves: made of what is in force here, for the workloads whose Envoys ask for them.
 * @module
 */
import { parseHops } from '../../authz/destination/destination.ts';
import { createWorkloadTable, type WorkloadTable } from '../../authz/destination/workload-table.ts';
import type { KeySetDocuments } from '../../authz/jwks/documents.ts';
import { ecdsMethods } from '../../authz/native/ecds-methods.ts';
import type { SaidOfWorkload } from '../../authz/native/envoy-build.ts';
import { countStates, envoysOf } from '../../authz/native/envoys.ts';
import { followPolicies } from '../../authz/native/followed-policies.ts';
import { createHolders, type Holders } from '../../authz/native/holders.ts';
import { revocationConfigs } from '../../authz/native/native-config.ts';
import type { CallerOf, NativeDeps, NativeWorkload } from '../../authz/native/native-deps.ts';
import { accessLogMethods } from '../../authz/native/reports/access-log.ts';
import type { Revocations } from '../../authz/state.ts';
import type { Config } from '../../config/config.ts';
import { asGatehouseError } from '../../errors.ts';
import { createWatchable, type Watchable } from '../../lib/watchable.ts';
import type { Log } from '../../platform/observe/log.ts';
import type { Metrics } from '../../platform/observe/metrics.ts';
import { Compilations } from '../../policy/compile/compilations.ts';
import { compileSnapshot } from '../../policy/compile/compile-snapshot.ts';
import { concernedBy } from '../../policy/compile-envoy/concerned.ts';
import { nativePolicyOf } from '../../policy/compile-envoy/native-policy.ts';
import type { Facts } from '../../policy/facts.ts';
import type { PolicyModel } from '../../policy/model.ts';
import { rulesOfAnyDomain } from '../../policy/rules/any-trust-domain.ts';
import type { Snapshot } from '../../policy/snapshot.ts';
import { parseSpiffeId, type SpiffeId, serviceAccountOf } from '../../spiffe/spiffe-id.ts';
import type { GrpcMethod } from '../../transport/grpc-methods.ts';
import { checkOptions } from '../policy/check-options.ts';
import { createNativeKeys } from './native-keys.ts';
import { createReports, type Reports } from './reports.ts';

/** What is delivered, to whom, and what became of it. */
export interface NativeRole extends Disposable {
  readonly holders: Holders;
  readonly reports: Reports;
  /** Goes by these bundles from now on: with others let in, policies that name no trust domain are for our own peers alone. */
  follow(bundles: Watchable<{ readonly federated: { readonly size: number } } | undefined>): void;
  /** All methods for Envoys that decide themselves. */
  methods(callerOf: CallerOf): readonly GrpcMethod[];
  /** Those of them by which Envoys tell. */
  reportMethods(callerOf: CallerOf): readonly GrpcMethod[];
}

export interface NativeRoleDeps {
  readonly config: Watchable<Config>;
  readonly policies: Watchable<{ readonly model: PolicyModel }>;
  readonly revocations: Watchable<Revocations | undefined>;
  readonly keySets: Watchable<KeySetDocuments>;
  readonly log: Log;
  readonly looks: (() => void | Promise<void>)[];
  readonly metrics: Pick<Metrics, 'moveStreams' | 'native'>;
}

/** Creates it; nothing is compiled before an Envoy asks. */
export function createNativeRole({
  config,
  policies: current,
  revocations,
  keySets,
  log,
  metrics,
  looks,
}: NativeRoleDeps): NativeRole {
  const stack = new DisposableStack();
  const holders = createHolders(Date.now);
  const decideBy = createDecide();
  const keys = stack.use(createNativeKeys(keySets));
  let othersLetIn = false;
  const settingsFor = (model: PolicyModel) =>
    settingsOf(config.value, othersLetIn && rulesOfAnyDomain(model).length > 0);
  const textOf = (): string => JSON.stringify([settingsFor(current.value.model), ...keys.value]);
  const settingsText = createWatchable(textOf());
  const look = (): void => {
    const text = textOf();
    if (text !== settingsText.value) settingsText.replace(text);
  };
  for (const each of [config, keys, current] as readonly Watchable<unknown>[]) stack.defer(each.subscribe(look));
  const policies = stack.use(
    followPolicies({
      model: {
        get value() {
          return current.value.model;
        },
        subscribe: (listener) => current.subscribe(({ model }) => listener(model)),
      },
      settings: settingsText,
      concernedBy,
      compile(now, workload, before) {
        const settings = { ...settingsFor(now), keySets: keys.value, decide: decideBy(now, config.value) };
        return nativePolicyOf(now, workload, settings, before);
      },
      failed: ({ spiffeId }, thrown) =>
        log.error({ spiffeId }, `native: the policy for Envoy could not be made: ${asGatehouseError(thrown).message}`),
    }),
  );
  const revoked = createWatchable(revocationConfigs(revocations.value));
  stack.defer(revocations.subscribe((now) => revoked.replace(revocationConfigs(now))));
  const deps: NativeDeps = {
    workloadOf: createWorkloadOf(config),
    follow: (workload, changed) => policies.follow(workload, changed),
    revocations: revoked,
    holders,
    observer: {
      streamOpened: () => metrics.moveStreams('ecds', 1),
      streamClosed: () => metrics.moveStreams('ecds', -1),
      sent: ({ name }) => metrics.native.countSent(name),
      refused(spiffeId, node, { name, version }, words) {
        metrics.native.countRefused(name);
        const told = { spiffeId, node, resource: name, version, words };
        log.warn(told, 'native: an Envoy refused what it was to decide by, and asks about everything');
      },
    },
  };
  const reports = createReports({
    model: () => current.value.model,
    workloadOf: deps.workloadOf,
    metrics: metrics.native,
    warn: (details, message) => log.warn(details, message),
    now: Date.now,
  });
  looks.push(() => metrics.native.setEnvoys(countStates(envoysOf(holders.all()))));
  return {
    ...{ holders, reports },
    follow(bundles) {
      const take = (): void => {
        othersLetIn = (bundles.value?.federated.size ?? 0) > 0;
        look();
      };
      stack.defer(bundles.subscribe(take));
      take();
    },
    methods: (callerOf) => [...ecdsMethods(deps, callerOf), ...accessLogMethods(reports, callerOf)],
    reportMethods: (callerOf) => accessLogMethods(reports, callerOf),
    [Symbol.dispose]: () => stack.dispose(),
  };
}

/** As Check finds it, without an address: of several workloads of one identity none is meant. */
function createWorkloadOf(config: Watchable<Config>): NativeDeps['workloadOf'] {
  let known: { readonly config: Config; readonly table: WorkloadTable } | undefined;
  return (spiffeId, said) => {
    if (known?.config !== config.value)
      known = { config: config.value, table: createWorkloadTable(checkOptions(config.value).workloads) };
    return workloadIn(known.table, config.value.extAuthz.trustedHops, spiffeId, said);
  };
}

function workloadIn(
  table: WorkloadTable,
  trustedHops: number,
  spiffeId: SpiffeId,
  said: SaidOfWorkload,
): NativeWorkload | undefined {
  const named = table.byId(spiffeId, undefined);
  const account = named ?? serviceAccountOf(parseSpiffeId(spiffeId));
  if (account === undefined) return undefined;
  const { namespace, serviceAccount } = account;
  const entry = named ?? table.byAccount(namespace, serviceAccount, undefined);
  const gatewayHops = parseHops(said.trustedHops);
  return {
    ...{ spiffeId, namespace, serviceAccount },
    labels: said.labels ?? (entry?.labels && new Map(Object.entries(entry.labels))),
    trustedHops: gatewayHops ?? entry?.trustedHops ?? trustedHops,
    isGateway: gatewayHops !== undefined,
  };
}

/** @param isOpen  others are let in, and a policy in force names no trust domain */
function settingsOf(config: Config, isOpen: boolean): Omit<Parameters<typeof nativePolicyOf>[2], 'decide'> {
  const { trustDomain, trustDomainAliases, extAuthz, policies, federation } = config;
  const { verifyPeer, ambiguousRequests } = extAuthz;
  const peerTrustDomains = isOpen && !federation.acceptForeignNamespaces ? 'own' : extAuthz.peerTrustDomains;
  return {
    trustDomains: [trustDomain, ...trustDomainAliases],
    ...{ verifyPeer, peerTrustDomains, ambiguousRequests },
    allowEmpty: policies.allowEmpty,
  };
}

/** The program of a model is made when somebody decides by it first, and kept until there is another model. */
function createDecide(): (model: PolicyModel, config: Config) => (facts: Facts) => ReturnType<Snapshot['decide']> {
  const compilations = new Compilations();
  let made: { readonly model: PolicyModel; readonly allowEmpty: boolean; readonly snapshot: Snapshot } | undefined;
  return (model, { policies: { allowEmpty } }) =>
    (facts) => {
      if (made?.model !== model || made.allowEmpty !== allowEmpty)
        made = { model, allowEmpty, snapshot: compileSnapshot(model, { allowEmpty, compilations }) };
      return made.snapshot.decide(facts);
    };
}
