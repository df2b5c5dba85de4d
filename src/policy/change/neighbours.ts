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
  /** What may meet a policy of these namespaces; `undefined` is of all. */
  near(namespaces: ReadonlySet<string | undefined>): readonly Standing[];
  /** Signatures of what there is to say of them already. */
  said(namespaces: ReadonlySet<string | undefined>): ReadonlySet<string>;
}

const known = new WeakMap<readonly PolicyFile[], Neighbours>();

/** The index of files in force. */
export function neighboursOf(files: readonly PolicyFile[]): Neighbours {
  const before = known.get(files);
  if (before !== undefined) return before;
  const made = createNeighbours(files);
  known.set(files, made);
  return made;
}

function createNeighbours(files: readonly PolicyFile[]): Neighbours {
  const all = files.flatMap((file) => policiesOf(file));
  const byKey = Map.groupBy(all, ({ document }) => document.key);
  const byNamespace = Map.groupBy(all, ({ document }) => namespaceMeant(document.contribution));
  const near: Neighbours['near'] = (namespaces) =>
    namespaces.has(undefined)
      ? all
      : [undefined, ...namespaces].flatMap((namespace) => byNamespace.get(namespace) ?? []);
  const told = new Map<string, ReadonlySet<string>>();
  return {
    byKey,
    near,
    said(namespaces) {
      const key = namespaces.has(undefined) ? '*' : [...namespaces].join();
      const already =
        told.get(key) ?? new Set(togetherFindings(near(namespaces).flatMap(contributionOf)).map(signatureOf));
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

/** The namespace whose workloads a policy is about; undefined: it may be about any. */
export function namespaceMeant(contribution: Contribution | undefined): string | undefined {
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
