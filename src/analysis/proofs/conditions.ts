/**
 * Conditions of rules → where they hold, for two parties.
 *
 * What a condition asks of a party alone is found out once a party; what it asks of the request is a region that all share.
 * @module
 */
import { ipInRange, parseCidr, unmapped, unmappedRange } from '../../lib/ip-address.ts';
import { matches } from '../../policy/evaluate/plain-match.ts';
import { no, type Truth, unknown, yes } from '../../policy/meaning/absence.ts';
import type { Judge, RegistryAtom } from '../../policy/meaning/registry-atom.ts';
import type { RegistryContext } from '../../policy/meaning/registry-context.ts';
import type { Absence, Atom, Expr } from '../../policy/model.ts';
import { NO_PORT } from '../../policy/registry/registry.ts';
import { itemsOfCidr } from '../regions/addresses.ts';
import type { Region } from '../regions/diagrams.ts';
import { type RequestSpace, transport } from '../regions/request-space.ts';
import { factsBetween, type Party } from '../universe/party.ts';
import { requestAtom, type Seen } from './request-atoms.ts';
import { always, both, either, holdsIn, inside, never, opposite, type Truths, unknownAlways } from './truths.ts';

/** A condition with its atoms numbered: equal atoms have equal numbers. */
export type Prepared =
  | { readonly op: 'all' | 'any'; readonly of: readonly Prepared[] }
  | { readonly op: 'not'; readonly of: Prepared }
  | NumberedAtom;

/** An atom, and which party it asks. */
export interface NumberedAtom {
  readonly op: 'atom';
  readonly id: number;
  readonly atom: Atom;
  readonly asks: 'source' | 'destination' | 'request';
}

/** What conditions are asked about. */
export interface Conditions {
  prepare(expr: Expr): Prepared;
  /** What an atom that asks a party is for it; equal objects, equal truths. */
  ofParty(atom: NumberedAtom, party: Party): Truths;
  /** The same for many parties, none of which is remembered. */
  ofParties(atom: NumberedAtom, parties: readonly Party[]): readonly Truths[];
  truthsOf(condition: Prepared, source: Party, destination: Party, seen: Seen): Truths;
}

/** Makes conditions over one registry. */
export function createConditions(space: RequestSpace, context: RegistryContext, absence: Absence): Conditions {
  const { diagrams } = space;
  const numbers = new Map<string, NumberedAtom>();
  const prepared = new WeakMap<Expr, Prepared>();
  const knownOfParties: Map<Party, Truths>[] = [];
  const ofRequests: Map<Seen, Truths>[] = [];
  const interned = internTruths();
  const scene: Scene = { space, absence, context, judgeOf: judgesOf(context) };

  const prepare = (expr: Expr): Prepared => {
    let made = prepared.get(expr);
    if (made === undefined) {
      made =
        expr.op === 'all' || expr.op === 'any'
          ? { op: expr.op, of: expr.of.map(prepare) }
          : expr.op === 'not'
            ? { op: 'not', of: prepare(expr.of) }
            : numbered(expr);
      prepared.set(expr, made);
    }
    return made;
  };
  const numbered = (atom: Atom): NumberedAtom => {
    const key = JSON.stringify(atom);
    let made = numbers.get(key);
    if (made === undefined) {
      made = { op: 'atom', id: numbers.size, atom, asks: askedOf(atom) };
      numbers.set(key, made);
      knownOfParties.push(new Map());
      ofRequests.push(new Map());
    }
    return made;
  };
  const ofParty = ({ id, atom }: NumberedAtom, party: Party): Truths => {
    const known = knownOfParties[id]!.get(party);
    if (known !== undefined) return known;
    const made = interned(partyTruths(atom, party, scene));
    knownOfParties[id]!.set(party, made);
    return made;
  };
  const ofParties: Conditions['ofParties'] = ({ atom }, parties) => {
    const byPrincipal = atom.op === 'text' ? new Map<string, Truths>() : undefined;
    return parties.map((party) => {
      const made = byPrincipal?.get(party.principal) ?? interned(partyTruths(atom, party, scene));
      byPrincipal?.set(party.principal, made);
      return made;
    });
  };
  const ofRequest = ({ id, atom }: NumberedAtom, seen: Seen): Truths => {
    const known = ofRequests[id]!.get(seen);
    if (known !== undefined) return known;
    if (atom.op !== 'text' && atom.op !== 'port' && atom.op !== 'protocol') return never; // the others ask a party
    const made = requestAtom(atom, space, absence, seen);
    ofRequests[id]!.set(seen, made);
    return made;
  };
  const truthsOf: Conditions['truthsOf'] = (condition, source, destination, seen) => {
    switch (condition.op) {
      case 'all': {
        let out = always;
        for (const part of condition.of) {
          out = both(diagrams, out, truthsOf(part, source, destination, seen));
          if (out.no === always.yes) break; // false whatever comes
        }
        return out;
      }
      case 'any': {
        let out = never;
        for (const part of condition.of) {
          out = either(diagrams, out, truthsOf(part, source, destination, seen));
          if (out.yes === always.yes) break;
        }
        return out;
      }
      case 'not':
        return opposite(truthsOf(condition.of, source, destination, seen));
      default:
        if (condition.asks === 'request') return ofRequest(condition, seen);
        return ofParty(condition, condition.asks === 'source' ? source : destination);
    }
  };
  return { prepare, ofParty, ofParties, truthsOf };
}

/** Equal truths become one object. */
function internTruths(): (truths: Truths) => Truths {
  const known = new Map<string, Truths>();
  const plain = new Set([always, never, unknownAlways]);
  for (const one of plain) known.set(`${one.yes} ${one.no}`, one);
  return (truths) => {
    if (plain.has(truths)) return truths;
    const key = `${truths.yes} ${truths.no}`;
    const made = known.get(key) ?? truths;
    known.set(key, made);
    return made;
  };
}

function askedOf(atom: Atom): NumberedAtom['asks'] {
  switch (atom.op) {
    case 'text':
      return atom.fact.of === 'peerName' ? 'source' : 'request';
    case 'address':
      return atom.fact === 'destination' ? 'destination' : 'source';
    case 'endpoint':
    case 'identity':
    case 'namedPort':
      return atom.end;
    default:
      return 'request';
  }
}

interface Scene {
  readonly space: RequestSpace;
  readonly context: RegistryContext;
  readonly absence: Absence;
  judgeOf(atom: RegistryAtom): Judge;
}

/** A judge is made once an atom. */
function judgesOf(context: RegistryContext): Scene['judgeOf'] {
  const known = new Map<RegistryAtom, Judge>();
  return (atom) => {
    const judge = known.get(atom) ?? context.registryAtom(atom);
    known.set(atom, judge);
    return judge;
  };
}

function partyTruths(atom: Atom, party: Party, scene: Scene): Truths {
  const { space, absence } = scene;
  switch (atom.op) {
    case 'text': {
      if (party.principal === '') return constant(absence === 'strict' ? unknown : no);
      return constant(atom.any.some((pattern) => matches(pattern, party.principal)) ? yes : no);
    }
    case 'address': {
      const here = constant(addressTruth(atom, party, absence));
      return atom.fact === 'remote' ? remoteTruths(atom, here, space) : here;
    }
    case 'namedPort':
      return holdsIn(space.diagrams, namedPorts(atom, party, scene));
    case 'endpoint':
    case 'identity':
      return constant(scene.judgeOf(atom)(factsBetween(party, party)));
    default:
      return never;
  }
}

function constant(truth: Truth): Truths {
  return truth === unknown ? unknownAlways : truth === yes ? always : never;
}

type AddressAtom = Extract<Atom, { op: 'address' }>;

function addressTruth(atom: AddressAtom, { address }: Party, absence: Absence): Truth {
  if (address === undefined) return absence === 'strict' ? unknown : no;
  const ranges = atom.any.flatMap(({ text }) => parseCidr(text) ?? []);
  const held =
    atom.unmap === true
      ? ranges.some((range) => ipInRange(unmapped(address.bytes), unmappedRange(range)))
      : ranges.some((range) => ipInRange(address.bytes, range));
  return held ? yes : no;
}

/** An HTTP request may say of itself by X-Forwarded-For where it comes from; a connection is where it comes from. */
function remoteTruths(atom: AddressAtom, ofPeer: Truths, { diagrams, remote, transport: kind }: RequestSpace): Truths {
  const ranges = atom.any.flatMap(({ text }) => {
    const items = itemsOfCidr(text);
    return items === undefined ? [] : [items];
  });
  const told = holdsIn(diagrams, diagrams.where(remote.id, remote.domain.ofItems(ranges)));
  return inside(diagrams, diagrams.where(kind, transport.http), told, ofPeer);
}

const transportsOf = { TCP: transport.http | transport.tcp, UDP: transport.udp, SCTP: transport.sctp } as const;

/** The ports that the pods at an address, and the Services in front of them, give a name. */
function namedPorts(
  { name, end }: Extract<Atom, { op: 'namedPort' }>,
  { address }: Party,
  { space, context }: Scene,
): Region {
  const { diagrams } = space;
  const { id, domain } = end === 'source' ? space.sourcePort : space.port;
  let out: Region = 0;
  for (const one of context.namedPortsAt(address)) {
    if (one.name !== name || one.port === NO_PORT) continue;
    const over = diagrams.where(space.transport, transportsOf[one.protocol]);
    out = diagrams.or(out, diagrams.and(over, diagrams.where(id, domain.of([[one.port, one.port]]))));
  }
  return out;
}
