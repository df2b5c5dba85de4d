/**
 * The listeners of a server but health, which was opened first: identities, Check, and the admin API, opened last because its status
 * names the addresses of all others.
 * @module
 */
import { listeners } from '../config/listeners/table.ts';
import { asGatehouseError } from '../errors.ts';
import type { LaneListener } from '../platform/observe/metrics.ts';
import type { LaneTally } from '../transport/lane/counts.ts';
import { type ListenAddress, textOfAddress } from '../transport/listen/listen-address.ts';
import { type AdminListeners, openAdmins } from './admin/admin-listeners.ts';
import { openAdmission } from './admission/admission-side.ts';
import type { AllDeciders } from './decider/all-deciders.ts';
import type { DeciderSide } from './decider-side.ts';
import type { Foundation } from './foundation.ts';
import type { IdentitySide } from './identity-interface.ts';
import { openCheckListener } from './listeners/check-listener.ts';
import { listenAddress } from './listeners/listen-addresses.ts';
import type { DeciderCounts } from './log/decider-counts.ts';
import { openNativeListeners } from './native/native-listeners.ts';
import type { NativeRole } from './native/native-role.ts';
import type { ClusterPolicies } from './policy/cluster-policies.ts';
import type { StandingProof } from './proofs/standing-proof.ts';
import { type ListenerAddresses, type StatusDeps, statusOf } from './status.ts';

/** All listeners but health, bound and serving. */
export interface ListenerSide extends AsyncDisposable {
  readonly addresses: ListenerAddresses;
  /** Takes no more Checks, and lets running calls end, at most `graceMs`. */
  drain(graceMs: number): Promise<void>;
}

export interface ListenerSideDeps extends Foundation, StatusDeps {
  readonly identity: IdentitySide;
  readonly decider: DeciderSide;
  readonly allDeciders: AllDeciders;
  /** What is followed in a cluster. */
  readonly followed: ClusterPolicies['objects']['kinds'];
  readonly native: NativeRole;
  readonly standing: StandingProof | undefined;
}

/** Opens them. @throws GatehouseError `address_in_use`, `config_invalid` */
export async function openListeners(deps: ListenerSideDeps): Promise<ListenerSide> {
  const { config, log, metrics, looks, health, identity, decider, native } = deps;
  await using stack = new AsyncDisposableStack();
  const identities = stack.use(await identity.listen());
  const { deciders } = decider;
  const failed = (thrown: unknown): void => log.error(`Check: ${asGatehouseError(thrown).message}`);
  const check =
    deciders &&
    stack.use(
      await openCheckListener(
        listenAddress(config.value.listen.extAuthz),
        (socket, listener) => deciders.give(socket, listener, 'check'),
        failed,
      ),
    );
  const { httpAuth } = config.value.listen;
  const http =
    httpAuth &&
    deciders &&
    stack.use(
      await openCheckListener(
        listenAddress(httpAuth),
        (socket, listener) => deciders.give(socket, listener, 'http'),
        failed,
      ),
    );
  const admission = await openAdmission(deps);
  if (admission !== undefined) stack.use(admission);
  const natives = await openNativeListeners(deps, native);
  for (const { listener } of natives) stack.use(listener);
  const addressesWith = (admins: readonly ListenAddress[]): ListenerAddresses => ({
    ...(check && { extAuthz: textOfAddress(check.address) }),
    ...(http && { httpAuth: textOfAddress(http.address) }),
    ...identities.addresses,
    ...Object.fromEntries(natives.map(({ name, listener }) => [name, textOfAddress(listener.address)])),
    ...(admission && { admission: textOfAddress(admission.address) }),
    admin: textOfAddress(admins[0]!), // there is one at least
    admins: admins.map(textOfAddress),
    health: textOfAddress(health.address),
  });
  const admins = stack.use(await openAdminOver(deps, addressesWith));
  looks.push(() => {
    const tallies: (readonly [listener: LaneListener, tally: LaneTally])[] = [
      ...identities.takeTallies(),
      ...admins.takeTallies().map((tally): [LaneListener, LaneTally] => ['admin', tally]),
      ['health', health.takeTally()],
      ...natives.map(({ name, listener }) => [listeners[name].label, listener.takeTally()] as const),
      ...(admission ? [['admission', admission.takeTally()] as const] : []),
    ];
    const connections = new Map<LaneListener, number>();
    for (const [listener, tally] of tallies) {
      metrics.countLane(listener, tally);
      connections.set(listener, (connections.get(listener) ?? 0) + tally.connections);
    }
    for (const [listener, open] of connections) metrics.setLaneConnections(listener, open);
  });
  const opened = stack.move();
  return {
    addresses: addressesWith(admins.addresses),
    async drain(graceMs) {
      await Promise.all([
        check?.[Symbol.asyncDispose](),
        http?.[Symbol.asyncDispose](),
        identities.drain(graceMs),
        ...natives.map(({ listener }) => listener.drain(graceMs)),
      ]);
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** Beside ours where an Envoy has told of anything. */
function reported({ reports }: NativeRole): readonly DeciderCounts[] {
  const counts = reports.counts();
  return counts.checks.allowed + counts.checks.denied === 0 ? [] : [counts];
}

function openAdminOver(
  deps: ListenerSideDeps,
  addressesWith: (admins: readonly ListenAddress[]) => ListenerAddresses,
): Promise<AdminListeners> {
  const { config, log, tls, identity, decider, policies, allDeciders, native, identify, refusals, counts } = deps;
  const { followed } = deps;
  return openAdmins(config.value, tls.primary, {
    ...{ policies, log, identify, handshakeFailed: refusals.handshakeFailed },
    operations: identity.operations,
    revocations: identity.revocations,
    entries: identity.entries,
    accounts: identity.accounts,
    executables: identity.executables,
    pods: identity.pods,
    implicit: identity.implicit,
    decisions: decider.decisions,
    deciders: allDeciders,
    native: { ...native.holders, linesOf: native.reports.linesOf },
    counts: () => [counts.all(), ...reported(native), ...(identity.remote?.counts() ?? [])],
    remote: identity.remote,
    rules: counts.rules,
    followed: followed.map((objects) => ({ kind: objects.kind, all: () => objects.all() })),
    explain: decider.explain,
    standings: decider.standings,
    candidate: decider.candidate,
    standing: deps.standing,
    config: () => config.value,
    status: (admins) => statusOf(deps, addressesWith(admins)),
  });
}
