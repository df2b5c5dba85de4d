/**
 * Joins what files say to one model. Pure.
 * @module
 */

import { lintTiers } from './dialects/calico/lint-tiers.ts';
import { tierPlanes } from './dialects/calico/planes.ts';
import type { Contribution } from './dialects/contribution.ts';
import { lintTogether } from './dialects/istio/lint/lint-together.ts';
import { istioPlane } from './dialects/istio/plane.ts';
import type { Finding } from './documents/finding.ts';
import type { Ignore } from './documents/ignore.ts';
import type { Absence, Dialect, Plane, PlaneMode, Policy, PolicyModel } from './model.ts';
import { createOwnerIndex, type OwnerOf } from './owners.ts';
import type { PolicyFile, ReadDocument } from './read-policies.ts';
import { joinRegistry } from './registry/join-registry.ts';
import type {
  Endpoint,
  NamespaceEntry,
  NetworkSet,
  Registry,
  ServiceAccountEntry,
  ServiceEntry,
} from './registry/registry.ts';
import { onceAFile } from './skip/once-a-file.ts';
import { addSkipped } from './skip/skipped.ts';
import { summaryOf } from './summary.ts';

/** What is in force, and what there is to say about it. */
export interface PolicySet {
  readonly model: PolicyModel;
  readonly findings: readonly Finding[];
  readonly counts: readonly KindCount[];
  /** What was read and what was skipped, in one line. */
  readonly summary: string;
  /** `group/kind` of documents that are none of our business, and how many there are. */
  readonly skipped: ReadonlyMap<string, number>;
  /** What the authors of the documents do not want to hear of; nothing has been taken out of the findings yet. */
  readonly ignores: readonly Ignore[];
}

/** How many documents of a kind are loaded. */
interface KindCount {
  readonly dialect: Dialect;
  readonly kind: string;
  readonly count: number;
}

/** What a model is made with, besides its documents. */
export interface JoinOptions {
  readonly generation: number;
  readonly absence: Absence;
  readonly rootNamespace: string;
  /** What becomes of the planes that can be chosen; enforced and observed unless said otherwise. */
  readonly planes?: { readonly calico: PlaneMode; readonly l4: PlaneMode };
  /** Workloads from configuration: endpoints beside those of the files. */
  readonly endpoints?: readonly Endpoint[];
  /** The registry of the model before: what of it says the same now stays the same value. */
  readonly lastRegistry?: Registry | undefined;
  readonly hops?: readonly string[];
  /** Who answers for what lies in a directory, where neither a policy nor its namespace says. */
  readonly owners?: readonly (readonly [path: string, owner: string])[];
}

/** Two documents of one name in different files; the later one is at fault. */
export interface Duplicate {
  readonly file: PolicyFile;
  readonly document: ReadDocument;
  readonly other: { readonly file: PolicyFile; readonly document: ReadDocument };
}

/**
 * Joins files to a model. Files with errors of their own add their findings and nothing else; so do files that hold a
 * document which an earlier file has already.
 *
 * @param files  in the order in which their paths were given
 */
export function loadPolicies(files: readonly PolicyFile[], options: JoinOptions): PolicySet {
  const sound = files.filter((file) => !file.hasErrors);
  const duplicates = duplicatesAmong(sound);
  const refused = new Set(duplicates.map(({ file }) => file));
  const set = joinPolicies(
    sound.filter((file) => !refused.has(file)),
    options,
  );
  const own = files.flatMap((file) => file.findings);
  const skipped = skippedOf(files);
  return {
    ...set,
    findings: [...own, ...duplicates.map(duplicateFinding), ...set.findings],
    skipped,
    ignores: files.flatMap(({ ignores }) => ignores),
    summary: summaryOf(documentsOf(sound.filter((file) => !refused.has(file))), skipped),
  };
}

/** Joins files that have neither errors nor duplicates. The findings are those that only all files together show. */
export function joinPolicies(files: readonly PolicyFile[], options: JoinOptions): PolicySet {
  const { contributions, copies } = contributionsOf(files);
  const plane = istioPlane(contributions);
  const { generation, absence, planes = { calico: 'enforce', l4: 'observe' } } = options;
  const registry = registryOf(contributions, options);
  const ownerOf = createOwnerIndex(registry, options.owners ?? []);
  const skipped = skippedOf(files);
  return {
    model: {
      generation,
      absence,
      planes: [plane, ...tierPlanes(contributions, { absence, planes })].map((each) => withOwners(each, ownerOf)),
      registry,
      hops: options.hops ?? [],
    },
    findings: [...onceAFile(copies), ...lintTogether(plane), ...lintTiers(contributions)],
    counts: countsOf(files),
    skipped,
    ignores: files.flatMap(({ ignores }) => ignores),
    summary: summaryOf(documentsOf(files), skipped),
  };
}

/** What has not changed stays the same value. */
const ownedPolicies = new WeakMap<Policy, Policy>();

/** Gives every policy of the model its owner, which decisions name. */
function withOwners(plane: Plane, ownerOf: OwnerOf): Plane {
  const owned = (policy: Policy): Policy => {
    const owner = ownerOf(policy) ?? '';
    if (owner === policy.owner) return policy;
    const known = ownedPolicies.get(policy);
    const made = known?.owner === owner ? known : { ...policy, owner };
    ownedPolicies.set(policy, made);
    return made;
  };
  return {
    ...plane,
    stages: plane.stages.map((stage) =>
      stage.kind === 'transport' || stage.kind === 'token' ? stage : { ...stage, policies: stage.policies.map(owned) },
    ),
  };
}

/** What the documents add, each once: a copy that says the same in another file counts no second time. */
function contributionsOf(files: readonly PolicyFile[]) {
  const seen = new Map<string, { readonly file: PolicyFile; readonly document: ReadDocument }>();
  const contributions: Contribution[] = [];
  const copies: Finding[] = [];
  for (const file of files) {
    const keys = keysOf(file);
    for (const [i, document] of file.documents.entries()) {
      const key = keys[i]!; // one a document
      const other = seen.get(key);
      if (other !== undefined) {
        const copy = duplicateFinding({ file, document, other });
        copies.push({
          ...copy,
          severity: 'warning',
          code: 'duplicate-copy',
          fix: 'remove one of them; they say the same',
        });
        continue;
      }
      seen.set(key, { file, document });
      if (document.contribution !== undefined) contributions.push(document.contribution);
    }
  }
  return { contributions, copies };
}

/** Pods, namespaces, service accounts and network sets, wherever they were written. */
function registryOf(contributions: readonly Contribution[], { endpoints = [], lastRegistry }: JoinOptions): Registry {
  const parts = {
    endpoints: [...endpoints],
    services: [] as ServiceEntry[],
    namespaces: [] as NamespaceEntry[],
    serviceAccounts: [] as ServiceAccountEntry[],
    networkSets: [] as NetworkSet[],
  };
  for (const one of contributions) {
    if (one.to === 'endpoint') parts.endpoints.push(one.endpoint);
    else if (one.to === 'service') parts.services.push(one.service);
    else if (one.to === 'namespace') parts.namespaces.push(one.namespace);
    else if (one.to === 'service-account') parts.serviceAccounts.push(one.account);
    else if (one.to === 'network-set') parts.networkSets.push(one.set);
  }
  return joinRegistry(parts, lastRegistry);
}

/** The documents that an earlier file has already, with other content. */
export function duplicatesAmong(files: readonly PolicyFile[]): readonly Duplicate[] {
  const seen = new Map<string, { readonly file: PolicyFile; readonly document: ReadDocument }>();
  const out: Duplicate[] = [];
  for (const file of files) {
    const keys = keysOf(file);
    for (const [i, document] of file.documents.entries()) {
      const key = keys[i]!; // one a document
      const other = seen.get(key);
      if (other === undefined) seen.set(key, { file, document });
      else if (!sayTheSame(document, other.document)) out.push({ file, document, other });
    }
  }
  return out;
}

const places = new Set(['position', 'file', 'line', 'column']);

/** Whether two documents of one name mean the same, wherever they stand. */
function sayTheSame(a: ReadDocument, b: ReadDocument): boolean {
  const meaning = ({ contribution }: ReadDocument): string | undefined =>
    JSON.stringify(contribution, (key, value: unknown) => (places.has(key) ? undefined : value));
  return a.contribution !== undefined && meaning(a) === meaning(b);
}

const keysOfFiles = new WeakMap<PolicyFile, readonly string[]>();

/** What names each document of a file; files are read once and joined again and again. */
function keysOf(file: PolicyFile): readonly string[] {
  let keys = keysOfFiles.get(file);
  if (keys === undefined) {
    keys = file.documents.map(({ dialect, kind, namespace, name }) => `${dialect}/${kind}/${namespace}/${name}`);
    keysOfFiles.set(file, keys);
  }
  return keys;
}

/** Names both places. */
export function duplicateFinding({ file, document, other }: Duplicate): Finding {
  const { kind, namespace, name, place } = document;
  const first = `${other.file.file}:${other.document.place.line}`;
  const id = namespace === '' ? name : `${namespace}/${name}`;
  return {
    file: file.file,
    ...place,
    severity: 'error',
    code: 'duplicate-document',
    path: 'metadata.name',
    message: `${kind} ${id} stands at ${first} already, and again at ${file.file}:${place.line}`,
    fix: 'rename or remove one of them',
  };
}

function countsOf(files: readonly PolicyFile[]): readonly KindCount[] {
  const counts = new Map<string, { dialect: Dialect; kind: string; count: number }>();
  for (const { documents } of files) {
    for (const { dialect, kind, isPolicy } of documents) {
      if (!isPolicy) continue;
      const key = `${dialect}/${kind}`;
      const entry = counts.get(key);
      if (entry === undefined) counts.set(key, { dialect, kind, count: 1 });
      else entry.count++;
    }
  }
  return [...counts.values()];
}

const documentsOf = (files: readonly PolicyFile[]): readonly ReadDocument[] => files.flatMap((file) => file.documents);

function skippedOf(files: readonly PolicyFile[]): ReadonlyMap<string, number> {
  const out = new Map<string, number>();
  for (const { skipped } of files) {
    for (const [kind, count] of skipped) addSkipped(out, kind, count);
  }
  return out;
}
