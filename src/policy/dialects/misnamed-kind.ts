/**
 * Documents that are not read and probably should be: a slip in group or kind, or a name that a kind of ours had in the past.
 * Such a document is refused; skipped, its denials would be lost silently.
 * @module
 */
import { nearest, nearestSearch } from '../../lib/nearest.ts';
import type { TypeOf } from '../documents/envelope.ts';
import type { KindReader } from './contribution.ts';
import type { KindTable } from './kind-table.ts';

/** What is wrong with a type, and what was probably meant. */
export interface Misnamed {
  readonly field: 'apiVersion' | 'kind';
  /** `warning`: a kind that nobody knows, near none of ours; the group may have got it since. */
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly fix: string;
}

/** What kinds of ours were called before, and what stands for them now. */
const past: ReadonlyMap<string, string> = new Map([
  ['rbac.istio.io/ServiceRole', 'security.istio.io/v1 AuthorizationPolicy'],
  ['rbac.istio.io/ServiceRoleBinding', 'security.istio.io/v1 AuthorizationPolicy'],
  ['rbac.istio.io/AuthorizationPolicy', 'security.istio.io/v1 AuthorizationPolicy'],
  ['rbac.istio.io/RbacConfig', 'security.istio.io/v1 AuthorizationPolicy'],
  ['rbac.istio.io/ClusterRbacConfig', 'security.istio.io/v1 AuthorizationPolicy'],
  ['authentication.istio.io/Policy', 'security.istio.io/v1 PeerAuthentication and RequestAuthentication'],
  ['authentication.istio.io/MeshPolicy', 'security.istio.io/v1 PeerAuthentication'],
  // v1, as calicoctl read them before its version 3
  ['/policy', 'projectcalico.org/v3 NetworkPolicy or GlobalNetworkPolicy'],
  ['/profile', 'projectcalico.org/v3 Profile'],
  ['/hostEndpoint', 'projectcalico.org/v3 HostEndpoint'],
]);

/** Groups of the API server itself that are easily confused with each other. */
const plainGroups: ReadonlySet<string> = new Set(['', 'core', 'apps', 'batch', 'extensions', 'policy', 'autoscaling']);

/** A part of a group's name that tells its owner, how many slips still mean this owner, and the part that the owner's real groups have. */
const owners: readonly { readonly part: string; readonly slips: number; readonly real: string }[] = [
  { part: 'istio', slips: 1, real: 'istio' },
  { part: 'projectcalico', slips: 3, real: 'projectcalico' },
  { part: 'calico', slips: 1, real: 'projectcalico' },
  { part: 'k8s', slips: 0, real: 'k8s' },
  { part: 'kubernetes', slips: 2, real: 'k8s' },
];

/** Kinds of the core groups that look like ours and are none. */
const otherPlainKinds: ReadonlySet<string> = new Set(['Node', 'Secret', 'CronJob', 'PodTemplate', 'Binding', 'Event']);

/** What a document that `table` does not read was probably meant to be; undefined: it is none of our business. */
export function misnamedKind(type: TypeOf, table: KindTable): Misnamed | undefined {
  const written = `${type.group === '' ? type.version : type.group}, kind ${JSON.stringify(type.kind.slice(0, 64))}`;
  const before = past.get(`${type.group}/${type.kind}`);
  const [reader, group] = type.group === '' ? ['Calico', 'projectcalico.org'] : ['Istio', 'security.istio.io'];
  if (before !== undefined && table.readers.some((one) => one.group === group))
    return {
      field: 'apiVersion',
      severity: 'error',
      message: `${written} is no longer read by ${reader}`,
      fix: `write ${before}`,
    };
  const [ofGroup, ofKind] = [wrongKind(type, table), wrongGroup(type, table, written)];
  const isElsewhere = ofGroup?.severity === 'warning' && ofKind !== undefined;
  return isElsewhere ? { ...ofGroup, severity: 'error', fix: ofKind.fix } : (ofGroup ?? ofKind);
}

/** A kind that its group does not have, and that is no other kind that exists there. */
function wrongKind({ group, kind }: TypeOf, { readers, elsewhere }: KindTable): Misnamed | undefined {
  const kinds = readers.filter((reader) => reader.group === group).map((reader) => reader.kind);
  const others = elsewhere.get(group);
  const isOpen = others === undefined;
  if (kinds.length === 0 || others?.includes(kind)) return undefined;
  const near = isOpen
    ? kinds.find((known) => isLikeKindOf(kind, known))
    : (nearest(kind, kinds) ?? kinds.find((known) => isStartOf(kind, known)));
  if (isOpen && near === undefined) return undefined;
  return {
    field: 'kind',
    severity: near === undefined ? 'warning' : 'error',
    message: `${group === '' ? 'v1' : group} has no kind ${JSON.stringify(kind.slice(0, 64))}`,
    fix:
      near === undefined
        ? `nothing of it is enforced here, where ${kinds.join(', ')} are read`
        : `did you mean ${near}?`,
  };
}

/** The file may be half written, or the name cut off. */
const isStartOf = (kind: string, known: string): boolean => known.toLowerCase().startsWith(kind.toLowerCase());

/** A kind of ours in a group that is not its own, but is near it or of the same owner. */
function wrongGroup({ group, version, kind }: TypeOf, { readers }: KindTable, written: string): Misnamed | undefined {
  const same = readers.filter((reader) => isLikeKindOf(kind, reader.kind));
  const meant = same.find((reader) => isNearGroup(group, reader.group) || isNamedIn(version, reader.group));
  if (meant === undefined) return undefined;
  const ways = same.filter((reader) => reader.kind === meant.kind).map(typeText);
  return {
    field: 'apiVersion',
    severity: 'error',
    message: `${written}: this group has no such kind, or no longer`,
    fix: `did you mean ${[...new Set(ways)].join(' or ')}?`,
  };
}

const typeText = ({ group, versions, kind }: KindReader): string =>
  `${group === '' ? '' : `${group}/`}${versions[0]} ${kind}`;

/** Equal but for case, a plural, or two slips in a long word. */
export function isLikeKindOf(kind: string, known: string): boolean {
  if (kind === known) return true;
  if (otherPlainKinds.has(kind) || kind.length > 64) return false;
  const plain = kind.toLowerCase();
  const singular = plain.replace(/ies$/, 'y').replace(/s$/, '');
  if (plain === known.toLowerCase() || singular === known.toLowerCase()) return true;
  return isWithin(plain, known.toLowerCase(), known.length < 6 ? 0 : known.length < 8 ? 1 : 2);
}

function isNearGroup(group: string, known: string): boolean {
  if (plainGroups.has(group)) return true;
  const plain = group.toLowerCase().trim();
  if (plain.length > 128) return false;
  if (isWithin(plain, known, known.length < 8 ? 1 : 2) || isPartOf(plain, known)) return true;
  const parts = plain.split(/[./ ]/);
  return owners.some(
    ({ part, slips, real }) => known.split('.').includes(real) && parts.some((one) => isWithin(one, part, slips)),
  );
}

/** `networking`, `security.io`: some parts of the real name, others left out. */
function isPartOf(group: string, known: string): boolean {
  const words = known.split('.');
  const parts = group.split('.').filter((part) => part !== words.at(-1));
  return parts.length > 0 && parts.every((part) => words.includes(part));
}

/** `https://security.istio.io/v1`, `v1/security.istio.io`: the real name stands behind the first slash. */
function isNamedIn(version: string, known: string): boolean {
  return known !== '' && version.length <= 128 && version.toLowerCase().split('/').includes(known);
}

function isWithin(word: string, known: string, slips: number): boolean {
  const search = nearestSearch(word, slips);
  search.see(known);
  return search.found() !== undefined;
}
