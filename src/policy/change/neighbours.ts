/**
 * Which documents in force can have to do with one that changes: those for the same namespace, and those for all.
 * @module
 */
import type { Contribution } from '../dialects/contribution.ts';
import { togetherFindings } from '../load.ts';
import type { PolicyFile, ReadDocument } from '../read-policies.ts';
import { signatureOf } from './signature.ts';

/** A document in force, and the file that it stands in. */
export interface Standing {
  readonly file: PolicyFile;
  readonly document: ReadDocument;
}

/** Policies in force by what they are about. One index a set of files; the same set gives the same index. */
export interface Neighbours {
  /** All of one key. */
  readonly byKey: ReadonlyMap<string, readonly Standing[]>;
  /** What may have to do with a policy of these areas, and is of their kind. */
  near(areas: readonly Area[]): readonly Standing[];
  /** Signatures of what there is to say of them already. */
  said(areas: readonly Area[]): ReadonlySet<string>;
}

/** What policies can have to do with each other: those that are walked together, for workloads of one namespace. */
export interface Area {
  readonly walk: Walk;
  /** Undefined: it may be any. */
  readonly namespace: string | undefined;
}

/** Istio's policies are looked at together, and so are all that stand in tiers. */
type Walk = 'istio' | 'tiers';

const known = new WeakMap<readonly PolicyFile[], Neighbours>();

/** The index of files in force. */
export function neighboursOf(files: readonly PolicyFile[]): Neighbours {
  const before = known.get(files);
  if (before !== undefined) return before;
  const made = createNeighbours(files);
  known.set(files, made);
  return made;
}

const keyOf = ({ walk, namespace }: Area): string => (namespace === undefined ? walk : `${walk} ${namespace}`);

function createNeighbours(files: readonly PolicyFile[]): Neighbours {
  const all = files.flatMap((file) => policiesOf(file));
  const byKey = Map.groupBy(all, ({ document }) => document.key);
  const byWalk = Map.groupBy(all, ({ document }) => areaOf(document).walk);
  const byArea = Map.groupBy(all, ({ document }) => keyOf(areaOf(document)));
  const nearOne = (area: Area): readonly Standing[] =>
    area.namespace === undefined
      ? (byWalk.get(area.walk) ?? [])
      : [...(byArea.get(area.walk) ?? []), ...(byArea.get(keyOf(area)) ?? [])];
  const near: Neighbours['near'] = (areas) =>
    areas.length === 1 ? nearOne(areas[0]!) : [...new Set(areas.flatMap(nearOne))];
  const told = new Map<string, ReadonlySet<string>>();
  return {
    byKey,
    near,
    said(areas) {
      const key = areas.map(keyOf).join();
      const already = told.get(key) ?? new Set(togetherFindings(near(areas).flatMap(contributionOf)).map(signatureOf));
      told.set(key, already);
      return already;
    },
  };
}

/** What a document adds, if it adds anything. */
export const contributionOf = ({ document: { contribution } }: Standing): readonly Contribution[] =>
  contribution === undefined ? [] : [contribution];

const policies = new WeakMap<PolicyFile, readonly Standing[]>();

/** Most files of a cluster are pods, and the same as before. */
function policiesOf(file: PolicyFile): readonly Standing[] {
  const before = policies.get(file);
  if (before !== undefined) return before;
  const made = file.documents.flatMap((document) => (document.isPolicy ? [{ file, document }] : []));
  policies.set(file, made);
  return made;
}

/** The area of a document. */
export function areaOf({ dialect, contribution }: ReadDocument): Area {
  return { walk: dialect === 'istio' ? 'istio' : 'tiers', namespace: namespaceMeant(contribution) };
}

/** The namespace whose workloads a policy is about; undefined: it may be about any. */
function namespaceMeant(contribution: Contribution | undefined): string | undefined {
  switch (contribution?.to) {
    case 'istio-rules':
    case 'istio-tokens':
    case 'istio-transport':
    case 'tiers':
      return contribution.policy.subject.namespace;
    default:
      return undefined;
  }
}
