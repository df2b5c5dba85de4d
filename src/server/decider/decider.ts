/**
 * What a decider process does: keeps one DecisionState, and answers Checks from it.
 * @module
 */
import type { Socket } from 'node:net';
import { importKeySets } from '../../authz/jwks/import-key-sets.ts';
import type { CandidateModel } from '../../policy/candidate/candidate-model.ts';
import { type Answering, createAnswering } from './answering.ts';
import { type Beside, createBeside } from './beside/beside.ts';
import { type DecisionReports, startReports } from './decision-reports.ts';
import { createEnforcement, type Enforcement } from './enforcement.ts';
import { createInForce, type InForce } from './in-force.ts';
import type { FromDecider, PackedCandidate, ToDecider } from './messages.ts';
import { ModelUnpacker } from './model-parts.ts';

/** The state of one decider process. `socket` comes with messages of kind `connection` alone. */
export interface Decider {
  hear(message: ToDecider, socket: Socket | undefined): void;
  [Symbol.dispose](): void;
}

/** What a decider is made of. */
interface Rooms {
  readonly inForce: InForce;
  readonly enforcement: Enforcement;
  readonly answering: Answering;
  readonly reports: DecisionReports;
  readonly beside: Beside;
  readonly models: ModelUnpacker;
  readonly candidates: ModelUnpacker;
  readonly tell: (message: FromDecider) => void;
  readonly trouble: (thrown: unknown) => void;
}

/** Creates a decider that knows nothing yet: every Check is denied `not_ready`. */
export function createDecider(tell: (message: FromDecider) => void): Decider {
  const trouble = (thrown: unknown): void =>
    tell({ kind: 'trouble', message: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown) });
  const inForce = createInForce();
  const reports = startReports(tell, inForce.redact, inForce.redactDifference);
  const answering = createAnswering({ state: inForce.state, recorders: reports.recorders, tell, trouble });
  const beside = createBeside(inForce, tell);
  const enforcement = createEnforcement({ inForce, tell, checks: () => answering.checks, changed: beside.look });
  const unpackers = { models: new ModelUnpacker(), candidates: new ModelUnpacker() };
  const rooms: Rooms = { inForce, enforcement, beside, answering, reports, ...unpackers, tell, trouble };
  return {
    hear: (message, socket) => hear(rooms, message, socket),
    [Symbol.dispose]() {
      reports[Symbol.dispose]();
      enforcement[Symbol.dispose]();
    },
  };
}

function hear(rooms: Rooms, message: ToDecider, socket: Socket | undefined): void {
  const { inForce, enforcement, beside, answering, models, candidates, tell, trouble } = rooms;
  switch (message.kind) {
    case 'settings':
      answering.configure(message.settings);
      enforcement.configure(message.settings);
      beside.configure(message.settings);
      break;
    case 'policies':
      enforcement.takePolicies(models.unpack(message.model));
      break;
    case 'candidate':
      beside.takeCandidate(message.candidate && unpackCandidate(message.candidate, candidates));
      break;
    case 'key-sets':
      void importKeySets(message.documents).then(enforcement.takeKeySets, trouble);
      break;
    case 'bundles':
      inForce.putBundles(message.bundles);
      break;
    case 'revocations':
      enforcement.takeRevocations(message.revocations);
      break;
    case 'tls-identity':
      answering.showIdentity(message.identity);
      break;
    case 'serving':
      answering.showServing(message.services);
      break;
    case 'connection':
      tell({ kind: 'taken', id: message.id });
      if (socket !== undefined) answering.serve(socket, message.listener, message.door);
      break;
    case 'report':
      reportAll(rooms);
      break;
    case 'drain':
      void drain(rooms, message.graceMs);
      break;
  }
}

function unpackCandidate(
  { number, networkSets, planes, added }: PackedCandidate,
  unpacker: ModelUnpacker,
): CandidateModel {
  const packed = { generation: number, absence: 'upstream' as const, planes, added, registry: undefined };
  return { number, networkSets, planes: unpacker.unpack(packed).planes };
}

function reportAll({ reports, answering }: Rooms): void {
  reports.report(answering.takeTally(), answering.takeHttpTally());
}

async function drain(rooms: Rooms, graceMs: number): Promise<void> {
  await rooms.answering.drain(graceMs);
  reportAll(rooms);
  rooms.tell({ kind: 'drained' });
}
