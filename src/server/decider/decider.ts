/**
 * What a decider process does: keeps one DecisionState, and answers Checks from it.
 * @module
 */
import type { Socket } from 'node:net';
import { DecisionIds } from '../../authz/answer/decision-id.ts';
import { type Check, createCheck } from '../../authz/check.ts';
import { importKeySets } from '../../authz/jwks/import-key-sets.ts';
import { createTokenVerifier } from '../../authz/jwt/verifier.ts';
import { CheckCounters } from '../../authz/record/counters.ts';
import { ParityCanary } from '../../authz/record/parity.ts';
import { createDecisionRedactor } from '../../authz/record/redacted-decision.ts';
import { DecisionRing } from '../../authz/record/ring.ts';
import { selfTest } from '../../authz/self-test.ts';
import type { DecisionState, KeySets, Revocations } from '../../authz/state.ts';
import { systemClock } from '../../lib/clock.ts';
import { createWatchable } from '../../lib/watchable.ts';
import { finish, finishInSlices } from '../../lib/work.ts';
import { releaseMemoryWhenQuiet } from '../../platform/memory/release-memory.ts';
import { watchDescriptors } from '../../platform/observe/descriptors.ts';
import { snapshotWork } from '../../policy/compile/compile-snapshot.ts';
import { CoverCache } from '../../policy/compile/index/cover-cache.ts';
import type { PolicyModel } from '../../policy/model.ts';
import type { Snapshot } from '../../policy/snapshot.ts';
import type { BundleSet } from '../../spiffe/bundle.ts';
import type { ServingState } from '../../transport/health-service.ts';
import type { ListenAddress } from '../../transport/listen/listen-address.ts';
import type { TlsIdentity } from '../../transport/listen/tls-front.ts';
import { AUTHORIZATION } from '../health/services.ts';
import { tokenRulesOf } from '../policy/token-rules.ts';
import { createCheckTransport } from './check-transport.ts';
import type { DeciderSettings, FromDecider, ToDecider } from './messages.ts';
import { ModelUnpacker } from './model-parts.ts';

const DRAIN_LOG_EVERY_MS = 100;
const LOGGED_AT_ONCE = 256;
/** How long Checks may wait for a slice of a compilation. */
const SLICE_MS = 0.5;

/** The parts that make up a state; it is published when none is missing. */
interface Parts {
  snapshot?: Snapshot;
  keySets: KeySets;
  revocations?: Revocations;
  bundles?: BundleSet;
}

/** The state of one decider process. `socket` comes with messages of kind `connection` alone. */
export interface Decider {
  hear(message: ToDecider, socket: Socket | undefined): void;
  [Symbol.dispose](): void;
}

/** Creates a decider that knows nothing yet: every Check is denied `not_ready`. */
export function createDecider(tell: (message: FromDecider) => void): Decider {
  const state = createWatchable<DecisionState | undefined>(undefined);
  const serving = createWatchable<ServingState>(
    new Map([
      ['', false],
      [AUTHORIZATION, false],
    ]),
  );
  const identity = createWatchable<TlsIdentity | undefined>(undefined);
  const ring = new DecisionRing();
  const counters = new CheckCounters();
  const parity = new ParityCanary(({ entry, ...report }) =>
    tell({ kind: 'parity', report: { ...report, entry: keep(entry) } }),
  );
  const ids = new DecisionIds();
  const models = new ModelUnpacker();
  const covers = new CoverCache();
  const verifyTokens = createTokenVerifier();
  const parts: Parts = { keySets: { generation: 0, sets: new Map() } };
  let settings: DeciderSettings | undefined;
  let model: PolicyModel | undefined;
  let attempt = 0;
  let checks = 0;
  let releasing: Disposable | undefined;
  let keep = createDecisionRedactor({ generation: 0, absence: 'upstream', planes: [] });
  let inForceKeys: ReadonlySet<string> = new Set();
  let isWaitingForKeys = false;
  let check: Check | undefined;
  let transport: ReturnType<typeof createCheckTransport> | undefined;

  const publish = (): void => {
    const { snapshot, keySets, revocations, bundles } = parts;
    if (snapshot === undefined || revocations === undefined) return;
    state.replace({ snapshot, keySets, revocations, bundles });
  };
  /** Policies alone are not enough to decide by: who does not know what is revoked is not ready. */
  let announced = false;
  const announce = (): void => {
    const { value } = state;
    if (value === undefined) return;
    announced = true;
    tell({ kind: 'in-force', generation: value.snapshot.generation });
  };
  const trouble = (thrown: unknown): void =>
    tell({ kind: 'trouble', message: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown) });

  /** Sets that the policies in force still need stay, until the policies that need them no more are replaced. */
  const takeKeySets = (keySets: KeySets): void => {
    if (keySets.generation < parts.keySets.generation) return; // a later one was quicker
    const kept = [...parts.keySets.sets].filter(([id]) => inForceKeys.has(id) && !keySets.sets.has(id));
    parts.keySets = { generation: keySets.generation, sets: new Map([...kept, ...keySets.sets]) };
    publish();
    if (isWaitingForKeys) void enforce();
  };

  /**
   * Compiles and tests beside what is in force; only what passes replaces it. While policies are in force it is done in slices,
   * so that Checks do not wait for it; what comes later takes the place of what is not ready.
   */
  const enforce = async (): Promise<void> => {
    attempt += 1;
    if (model === undefined || settings === undefined) return;
    const mine = attempt;
    const { generation } = model;
    const { check: checkOptions, allowEmpty } = settings;
    const sources = tokenRulesOf(model).map(({ keys }) => keys);
    // Keys that stand in the policies come right behind them; others may take as long as their source does.
    isWaitingForKeys = sources.some(({ from, id }) => from === 'inline' && !parts.keySets.sets.has(id));
    if (isWaitingForKeys) return;
    try {
      const work = snapshotWork(model, { allowEmpty, covers });
      const snapshot =
        parts.snapshot === undefined ? finish(work) : await finishInSlices(work, SLICE_MS, () => attempt === mine);
      if (snapshot === undefined || attempt !== mine) return;
      selfTest(snapshot, checkOptions);
      parts.snapshot = snapshot;
      keep = createDecisionRedactor(model);
      inForceKeys = new Set(sources.map(({ id }) => id));
      publish();
      announce();
      releasing?.[Symbol.dispose]();
      releasing = releaseMemoryWhenQuiet(() => checks);
    } catch (thrown) {
      tell({ kind: 'refused', generation, why: thrown instanceof Error ? thrown.message : String(thrown) });
    }
  };

  const configure = (given: DeciderSettings): void => {
    settings = given;
    check = createCheck({
      state,
      options: given.check,
      verifyTokens,
      ring,
      counters,
      parity,
      clock: systemClock,
      ids,
      onUnknownKid: (unknown) => tell({ kind: 'unknown-kid', unknown }),
      onError: trouble,
    });
    transport ??= createCheckTransport({
      kind: given.transport,
      check: (request, caller) => {
        checks += 1;
        return check!(request, caller); // set above, replaced with the settings
      },
      serving,
      identity,
      trustDomain: given.trustDomain,
      trouble,
      handshakeFailed: (failure) => tell({ kind: 'handshake-failed', failure }),
    });
    void enforce();
  };

  const tellDecisions = (most: number): void => {
    const { entries, dropped } = ring.drain(most);
    if (entries.length > 0 || dropped > 0) tell({ kind: 'decisions', entries: entries.map(keep), dropped });
  };
  const logging = setInterval(() => tellDecisions(LOGGED_AT_ONCE), DRAIN_LOG_EVERY_MS);

  let fewDescriptors = '';
  const descriptors = watchDescriptors((_, why) => {
    if ((why === '') !== (fewDescriptors === '')) tell({ kind: 'descriptors', why });
    fewDescriptors = why;
  });

  const report = (): void =>
    tell({
      kind: 'report',
      counts: counters.take(),
      parity: parity.take(),
      lane: transport?.takeTally(),
      memoryBytes: process.memoryUsage.rss(),
    });

  const drain = async (graceMs: number): Promise<void> => {
    serving.replace(new Map([...serving.value.keys()].map((service) => [service, false])));
    await transport?.drain(graceMs);
    tellDecisions(Number.MAX_SAFE_INTEGER);
    report();
    tell({ kind: 'drained' });
  };

  /** A connection that cannot be served ends alone. */
  const serve = (socket: Socket, listener: ListenAddress): void => {
    try {
      if (transport === undefined) socket.destroy();
      else transport.accept(socket, listener);
    } catch (thrown) {
      socket.destroy();
      trouble(thrown);
    }
  };

  const hear = (message: ToDecider, socket: Socket | undefined): void => {
    switch (message.kind) {
      case 'settings':
        configure(message.settings);
        break;
      case 'policies':
        model = models.unpack(message.model);
        void enforce();
        break;
      case 'key-sets':
        void importKeySets(message.documents).then(takeKeySets, trouble);
        break;
      case 'bundles':
        parts.bundles = message.bundles;
        publish();
        break;
      case 'revocations':
        parts.revocations = message.revocations;
        publish();
        if (!announced) announce();
        tell({ kind: 'revoked', sequence: message.revocations.sequence });
        break;
      case 'tls-identity':
        identity.replace(message.identity);
        break;
      case 'serving':
        serving.replace(message.services);
        break;
      case 'connection':
        tell({ kind: 'taken', id: message.id });
        if (socket !== undefined) serve(socket, message.listener);
        break;
      case 'report':
        tellDecisions(Number.MAX_SAFE_INTEGER);
        report();
        break;
      case 'drain':
        void drain(message.graceMs);
        break;
    }
  };
  return {
    hear,
    [Symbol.dispose]() {
      clearInterval(logging);
      descriptors[Symbol.dispose]();
      releasing?.[Symbol.dispose]();
    },
  };
}
