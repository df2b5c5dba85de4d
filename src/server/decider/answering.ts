/**
 * How a decider answers: one Check and the transport before it, for every connection that it is handed.
 * @module
 */
import type { Socket } from 'node:net';
import { DecisionIds } from '../../authz/answer/decision-id.ts';
import { type Check, type CheckDeps, createCheck, createHttpCheck } from '../../authz/check.ts';
import { createHttpQuestions } from '../../authz/http/http-questions.ts';
import { createTokenVerifier } from '../../authz/jwt/verifier.ts';
import type { DecisionState } from '../../authz/state.ts';
import { systemClock } from '../../lib/clock.ts';
import { createWatchable, type Watchable } from '../../lib/watchable.ts';
import type { ServingState } from '../../transport/health-service.ts';
import type { LaneTally } from '../../transport/lane/counts.ts';
import type { ListenAddress } from '../../transport/listen/listen-address.ts';
import type { TlsIdentity } from '../../transport/listen/tls-front.ts';
import { AUTHORIZATION } from '../health/services.ts';
import { type CheckTransport, createCheckTransport } from './check-transport.ts';
import type { Recorders } from './decision-reports.ts';
import type { HttpCallers, HttpCallersDeps } from './http/http-callers.ts';
import type { DeciderSettings, Door, FromDecider } from './messages.ts';

export interface AnsweringDeps {
  readonly state: Watchable<DecisionState | undefined>;
  readonly recorders: Recorders;
  tell(message: FromDecider): void;
  /** Told of what went wrong inside. */
  trouble(thrown: unknown): void;
}

/** Answers Checks once it has settings. */
export interface Answering {
  /** Checks so far. */
  readonly checks: number;
  /** Replaces how Checks are answered; the transport stays that of the first settings. */
  configure(settings: DeciderSettings): void;
  showIdentity(identity: TlsIdentity | undefined): void;
  /** Replaces what grpc.health.v1 answers. */
  showServing(services: ServingState): void;
  /** Serves a connection; one that cannot be served ends alone. */
  serve(socket: Socket, listener: ListenAddress, door: Door): void;
  /** What the lane has counted since it was asked last. */
  takeTally(): LaneTally | undefined;
  /** The same of connections of HTTP callers; undefined where none has come. */
  takeHttpTally(): LaneTally | undefined;
  /** Says that nothing is served here any more, and lets running Checks end, at most `graceMs`. */
  drain(graceMs: number): Promise<void>;
}

/** Creates what answers nobody yet: it serves no connection before it is configured. */
export function createAnswering({ state, recorders, tell, trouble }: AnsweringDeps): Answering {
  const identity = createWatchable<TlsIdentity | undefined>(undefined);
  const serving = createWatchable(servingNothing(['', AUTHORIZATION]));
  const ids = new DecisionIds();
  const verifyTokens = createTokenVerifier();
  let checks = 0;
  let check: Check | undefined;
  let transport: CheckTransport | undefined;
  let asking: ReturnType<HttpCallersDeps['asking']> | undefined;
  let settled: DeciderSettings | undefined;
  let callers: HttpCallers | undefined;
  let opening: Promise<HttpCallers> | undefined;

  const openTransport = ({ transport: kind, trustDomain }: DeciderSettings): CheckTransport =>
    createCheckTransport({
      kind,
      check: (request, caller) => {
        checks += 1;
        return check!(request, caller); // set before the transport, replaced with the settings
      },
      serving,
      identity,
      trustDomain,
      trouble,
      handshakeFailed: (failure) => tell({ kind: 'handshake-failed', failure }),
    });
  /** Loaded by the process that HTTP callers are handed to, and by no other. */
  const openCallers = async ({ trustDomain }: DeciderSettings): Promise<HttpCallers> => {
    const { createHttpCallers } = await import('./http/http-callers.ts');
    callers = createHttpCallers({
      ...{ asking: () => asking!, identity, trustDomain, trouble }, // set before any connection is taken
      handshakeFailed: (failure) => tell({ kind: 'handshake-failed', failure }),
    });
    return callers;
  };
  const serveHttp = async (socket: Socket, listener: ListenAddress, settings: DeciderSettings): Promise<void> => {
    opening ??= openCallers(settings);
    (await opening).accept(socket, listener);
  };
  const onUnknownKid: CheckDeps['onUnknownKid'] = (unknown) => tell({ kind: 'unknown-kid', unknown });

  return {
    get checks() {
      return checks;
    },
    configure(settings) {
      const { check: options } = settings;
      const clock = systemClock;
      const deps = { state, options, verifyTokens, ...recorders, clock, ids, onUnknownKid, onError: trouble };
      check = createCheck(deps);
      const httpCheck = createHttpCheck(deps);
      asking = {
        write: createHttpQuestions(options),
        check(request, caller) {
          checks += 1;
          return httpCheck(request, caller);
        },
      };
      settled = settings;
      transport ??= openTransport(settings);
    },
    showIdentity: (shown) => identity.replace(shown),
    showServing: (services) => serving.replace(services),
    serve(socket, listener, door) {
      const failed = (thrown: unknown): void => {
        socket.destroy();
        trouble(thrown);
      };
      try {
        if (transport === undefined || settled === undefined) socket.destroy();
        else if (door === 'http') serveHttp(socket, listener, settled).catch(failed);
        else transport.accept(socket, listener);
      } catch (thrown) {
        failed(thrown);
      }
    },
    takeTally: () => transport?.takeTally(),
    takeHttpTally: () => callers?.takeTally(),
    async drain(graceMs) {
      serving.replace(servingNothing(serving.value.keys()));
      callers?.drain();
      await transport?.drain(graceMs);
    },
  };
}

const servingNothing = (services: Iterable<string>): ServingState =>
  new Map([...services].map((service) => [service, false]));
