/**
 * The composition root: a Config in, a running Gatehouse out.
 * @module
 */

import type { ReadyLine } from '../admin-api/status.ts';
import type { Config } from '../config/config.ts';
import { asGatehouseError, type GatehouseError } from '../errors.ts';
import { createFollowers } from '../identity/delivery/feed/followers.ts';
import type { Log } from '../platform/observe/log.ts';
import type { Readiness } from '../platform/observe/readiness.ts';
import { deriveHere } from './admin/routes/explain.ts';
import { refuseNewerStore } from './authority/newer-store.ts';
import { createAllDeciders } from './decider/all-deciders.ts';
import { type DeciderProcess, forkDeciders } from './decider/decider-process.ts';
import { startDeciderSide } from './decider-side.ts';
import { openFoundation } from './foundation.ts';
import { becomesReady } from './health/becomes-ready.ts';
import { openIdentitySide } from './identity-side.ts';
import { type ListenerSide, type ListenerSideDeps, openListeners } from './listener-side.ts';
import { createNativeRole } from './native/native-role.ts';
import { openCluster } from './policy/cluster-policies.ts';
import { openKeySets } from './policy/key-sets.ts';
import { watchOthersLetIn } from './policy/others-let-in.ts';
import { openPolicies } from './policy/policy-sources.ts';
import { openStandingProof } from './proofs/standing-proof.ts';
import { reload } from './reload.ts';
import { readyLine } from './status.ts';

export interface ServerDeps {
  readonly config: Config;
  readonly log: Log;
  /** A decider that was forked before the configuration was read. */
  readonly firstDecider?: DeciderProcess;
  readonly readyTimeoutMs: number;
  /** Aborts the start. */
  readonly signal: AbortSignal;
}

/** A server that is ready. */
export interface RunningServer {
  readonly readyLine: ReadyLine;
  /** Reads policies again, and takes entries, workloads and log level of a configuration that was read again. */
  reload(config: Config): Promise<void>;
  /** Says that the configuration could not be read again; what was last good stays. */
  refuseReload(error: GatehouseError): void;
  /** Lets running work end, at most `graceMs`, and closes everything. */
  drain(graceMs: number): Promise<void>;
}

/**
 * Starts everything that the configuration asks for; resolves when it is ready.
 *
 * @throws GatehouseError whatever keeps it from starting; `not_ready` when the time is over
 */
export async function startServer(deps: ServerDeps): Promise<RunningServer> {
  const { config, log, firstDecider, readyTimeoutMs, signal } = deps;
  const startedAt = Date.now();
  await using stack = new AsyncDisposableStack();
  const foundation = stack.use(await openFoundation(config, log, refuseNewerStore));
  const workers = config.roles.includes('decider') ? config.extAuthz.workers : 0;
  const httpWorkers = config.listen.httpAuth === undefined ? 0 : workers;
  const processes = stack.use(forkDeciders(workers, httpWorkers, firstDecider)); // they load meanwhile
  const failed = (thrown: unknown): void => log.error(`policy sources: ${asGatehouseError(thrown).message}`);
  const restMs = (): number => readyTimeoutMs - (Date.now() - startedAt);
  const cluster = stack.use(await openCluster(foundation));
  await cluster?.known(restMs(), signal);
  const policies = stack.use(await openPolicies(config, foundation.kept, failed, cluster?.objects));
  const keySets = stack.use(openKeySets(config, log, foundation.seconds));
  const native = stack.use(createNativeRole({ ...foundation, policies: policies.current, keySets: keySets.documents }));
  const standing = stack.use(openStandingProof({ ...foundation, policies }));
  const followers = createFollowers();
  const allDeciders = createAllDeciders(followers);

  const identity = stack.use(
    await openIdentitySide({
      ...{ ...foundation, followers, deciders: allDeciders, objects: cluster?.objects },
      openTenants: standing?.losses,
      further: native.methods,
    }),
  );
  native.follow(identity.bundles);
  stack.use(watchOthersLetIn({ ...foundation, policies: policies.current, bundles: identity.bundles }));
  const decider = stack.use(
    await startDeciderSide({ ...foundation, identity, policies, keySets, allDeciders, processes }),
  );
  const { decisions, explain } = decider;
  native.reports.deliverTo(decisions, decider.compareReported);
  identity.deriveBy((id) => deriveHere(id, { decisions, explain, deciders: allDeciders }));
  const followed = cluster?.objects.kinds ?? [];
  const parts = { ...foundation, startedAt, policies, identity, decider, allDeciders, native, standing, followed };
  const listeners = stack.use(await openListeners(parts));

  // A decider that was started while its authority is away decides by what it held before.
  const isEnough = ({ waiting }: Readiness): boolean =>
    Object.keys(waiting).every((part) => identity.optionalParts().includes(part));
  await becomesReady(foundation.board.state, isEnough, restMs(), signal);
  return running(parts, listeners, stack.move());
}

/** @param opened  all that was opened; belongs to the server from now on */
function running(parts: ListenerSideDeps, listeners: ListenerSide, opened: AsyncDisposable): RunningServer {
  const { config, board, log, decider } = parts;
  let draining: Promise<void> | undefined;
  const stop = async (graceMs: number): Promise<void> => {
    board.set('server', 'draining');
    await Promise.all([listeners.drain(graceMs), decider.drain(graceMs)]);
    await opened[Symbol.asyncDispose]();
  };
  return {
    readyLine: readyLine(config.value, listeners.addresses, decider),
    reload: (next) => reload(parts, next),
    refuseReload({ code, message, details }) {
      board.degrade('configuration', [message.split('\n', 1)[0] ?? message]);
      log.error({ code, details }, `the configuration stays as it was: ${message}`);
    },
    drain: (graceMs) => (draining ??= stop(graceMs)),
  };
}
