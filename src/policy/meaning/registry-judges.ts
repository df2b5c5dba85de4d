/**
 * Judges of the conditions that only the registry can answer.
 * @module
 */
import type { Facts, IpAddress } from '../facts.ts';
import type { Absence } from '../model.ts';
import { type Member, namedPortsOf } from '../registry/member-layer.ts';
import type { RegistryMembers } from '../registry/members.ts';
import type { Selects } from '../registry/selected-members.ts';
import { no, type Truth, unknown, yes } from './absence.ts';
import { accountOf } from './account-of.ts';
import { labelsMatch } from './labels.ts';
import type { Judge, RegistryAtom } from './registry-atom.ts';

/** The members that judges go by: those of the registry that was entered last. */
export interface Entered {
  members: RegistryMembers;
}

type AtomOf<Op extends RegistryAtom['op']> = Extract<RegistryAtom, { op: Op }>;

const ipProtocols = { TCP: 6, UDP: 17, SCTP: 132 } as const;

const addressOf = (end: 'source' | 'destination') =>
  end === 'source' ? (facts: Facts) => facts.sourceAddress : (facts: Facts) => facts.destinationAddress;

/**
 * Judges whether the address of one end belongs to a member that a selector takes. Behind a hop the caller's name tells, as far as all
 * pods of that name agree.
 */
export function endpointJudge(
  atom: AtomOf<'endpoint'>,
  entered: Entered,
  selects: Selects,
  isBehindHop: (address: IpAddress | undefined) => boolean,
  absence: Absence,
): Judge {
  const address = addressOf(atom.end);
  const absent = absence === 'strict' ? unknown : no;
  return (facts) => {
    const at = address(facts);
    if (at === undefined) return absent;
    if (atom.byHops && atom.end === 'source' && isBehindHop(at))
      return agreed(namedBy(facts.sourcePrincipal, entered), selects);
    return heldBy(entered.members.holding(at), selects);
  };
}

/** An address that several pods say is theirs tells of none of them what another one is not. Network sets may overlap as they like. */
function heldBy(members: readonly Member[], selects: Selects): Truth {
  if (members.length < 2) return members.some(selects) ? yes : no;
  const pods = members.filter(({ endpoint }) => endpoint !== undefined);
  if (members.some((member) => member.endpoint === undefined && selects(member))) return yes;
  return pods.length === 0 ? no : agreed(pods, selects);
}

function namedBy(principal: string, { members }: Entered): readonly Member[] {
  const account = accountOf(principal);
  return account === undefined ? [] : members.named(account);
}

/** Judges whether a pod at one end, or a Service in front of it, gives its port this name. */
export function namedPortJudge(atom: AtomOf<'namedPort'>, entered: Entered): Judge {
  const address = addressOf(atom.end);
  const port = (facts: Facts): number => (atom.end === 'source' ? facts.sourcePort : facts.destinationPort);
  return (facts) => {
    const wanted = port(facts);
    const at = address(facts);
    if (at === undefined) return no;
    const named = entered.members
      .holding(at)
      .some((member) =>
        namedPortsOf(member).some(
          (one) => one.name === atom.name && one.port === wanted && ipProtocols[one.protocol] === facts.ipProtocol,
        ),
      );
    return named ? yes : no;
  };
}

/**
 * Judges the principal of one end by its namespace and service account.
 *
 * A principal of another form counts as satisfied, as Calico's checker counts it; under `strict` it is unknown.
 */
export function identityJudge(atom: AtomOf<'identity'>, entered: Entered, absence: Absence): Judge {
  const absent = absence === 'strict' ? unknown : yes;
  return (facts) => {
    const account = accountOf(atom.end === 'source' ? facts.sourcePrincipal : facts.destinationPrincipal);
    if (account === undefined) return absent;
    const { namespace, serviceAccount: name } = account;
    const { labelIndex } = entered.members;
    if (atom.ownNamespace !== undefined && atom.ownNamespace !== namespace) return no;
    if (atom.namespace !== undefined && !labelsMatch(atom.namespace, labelIndex.ofNamespace(namespace))) return no;
    if (atom.names !== undefined && !atom.names.includes(name)) return no;
    if (atom.serviceAccount === undefined) return yes;
    const stored = labelIndex.ofServiceAccount(namespace, name);
    const labels =
      atom.end === 'source' && facts.sourceLabels.size > 0 ? new Map([...facts.sourceLabels, ...stored]) : stored;
    return labelsMatch(atom.serviceAccount, labels) ? yes : no;
  };
}

/** What is true of all of them is true, what is true of none is not; of no members nothing is known. */
function agreed(members: readonly Member[], selects: Selects): Truth {
  if (members.length === 0) return unknown;
  const some = members.filter(selects);
  return some.length === members.length ? yes : some.length === 0 ? no : unknown;
}
