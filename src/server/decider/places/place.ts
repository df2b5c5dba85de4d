/**
 * The place of one decider process: which process stands there now, what it has said, and what it has been sent.
 * @module
 */
import type { Socket } from 'node:net';
import type { CandidateModel } from '../../../policy/candidate/candidate-model.ts';
import type { PolicyModel } from '../../../policy/model.ts';
import type { ListenAddress } from '../../../transport/listen/listen-address.ts';
import type { DeciderProcess } from '../decider-process.ts';
import type { Door, FromDecider, ToDecider } from '../messages.ts';
import { ModelPacker } from '../model-parts.ts';

/** What all deciders are told; policies whole, of which each is sent what it has not got. */
export type ToAllDeciders =
  | Exclude<ToDecider, { kind: 'connection' | 'drain' | 'report' | 'policies' | 'candidate' }>
  | { readonly kind: 'policies'; readonly model: PolicyModel }
  | { readonly kind: 'candidate'; readonly candidate: CandidateModel | undefined };

/** A connection on its way to a decider. */
export interface Handover {
  readonly socket: Socket;
  readonly listener: ListenAddress;
  readonly door: Door;
}

/** One place; all but `deaths` and `handedOver` is of the process that stands there now. */
export interface Place {
  /** Whom it serves. */
  readonly door: Door;
  process: DeciderProcess | undefined;
  generation: number;
  revocationSequence: number;
  peersWithCertificate: number;
  peersWithout: number;
  startedAt: number;
  deaths: number;
  unanswered: number;
  /** Nothing was decided between its last two reports, nor told or handed over since: it need not be asked as often. */
  isQuiet: boolean;
  /** Times that it was not asked since. */
  unasked: number;
  drained: boolean;
  packer: ModelPacker;
  candidatePacker: ModelPacker;
  /** Connections that it has not said to have taken. */
  readonly handedOver: Map<number, Handover>;
}

/** Creates a place where no process stands yet. */
export function emptyPlace(door: Door): Place {
  return {
    door,
    process: undefined,
    generation: 0,
    revocationSequence: -1,
    peersWithCertificate: 0,
    peersWithout: 0,
    startedAt: 0,
    deaths: 0,
    unanswered: 0,
    isQuiet: false,
    unasked: 0,
    drained: false,
    packer: new ModelPacker(),
    candidatePacker: new ModelPacker(),
    handedOver: new Map(),
  };
}

/** Puts a process there that has been told nothing and has said nothing. */
export function occupy(place: Place, process: DeciderProcess): void {
  place.startedAt = performance.now();
  place.unanswered = 0;
  place.isQuiet = false;
  place.unasked = 0;
  place.drained = false;
  place.packer = new ModelPacker();
  place.candidatePacker = new ModelPacker();
  place.revocationSequence = -1;
  place.peersWithCertificate = 0;
  place.peersWithout = 0;
  place.process = process;
}

/** Leaves the place empty: its process has ended. */
export function vacate(place: Place): void {
  place.process = undefined;
  place.generation = 0;
  place.drained = true;
}

/** Sends what all deciders are told to the process that stands there, if one does. */
export function tellPlace(place: Place, message: ToAllDeciders): void {
  const { process, packer, candidatePacker } = place;
  place.isQuiet = false;
  if (process === undefined) return;
  if (message.kind === 'policies') process.send({ kind: 'policies', model: packer.pack(message.model) });
  else if (message.kind === 'candidate') process.send(candidateMessage(message.candidate, candidatePacker));
  else process.send(message);
}

function candidateMessage(candidate: CandidateModel | undefined, packer: ModelPacker): ToDecider {
  if (candidate === undefined) return { kind: 'candidate', candidate };
  const { number, networkSets } = candidate;
  const { planes, added } = packer.pack({ generation: number, absence: 'upstream', planes: candidate.planes });
  return { kind: 'candidate', candidate: { number, networkSets, planes, added } };
}

/** Notes what the process says of itself. */
export function noteSaid(place: Place, message: FromDecider): void {
  place.isQuiet = message.kind === 'report' && message.counts.decisions.length === 0;
  if (message.kind === 'in-force') place.generation = message.generation;
  if (message.kind === 'revoked') place.revocationSequence = message.sequence;
  if (message.kind === 'drained') place.drained = true;
  if (message.kind === 'report') {
    place.unanswered = 0;
    place.peersWithCertificate += message.counts.peersWithCertificate;
    place.peersWithout += message.counts.peersWithout;
  }
}
