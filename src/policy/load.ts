/**
 * Joins what files say to one model. Pure.
 * @module
 */

import { lintTiers } from './dialects/calico/lint-tiers.ts';
import { tierPlanes } from './dialects/calico/planes.ts';
import type { Contribution } from './dialects/contribution.ts';
import { lintTogether } from './dialects/istio/lint/lint-together.ts';
import { istioPlane } from './dialects/istio/plane.ts';
import { sitePlanes } from './dialects/site/plane.ts';
import type { Finding } from './documents/finding.ts';
import type { Ignore } from './documents/ignore.ts';
import { asCopy, type Duplicate, duplicateFinding, duplicatesAmong, repeatedAmong } from './duplicates.ts';
import { type KindCount, kindCounts } from './kind-counts.ts';
import type { Absence, Plane, PlaneMode, Policy, PolicyModel } from './model.ts';
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
  SliceEntry,
} from './registry/registry.ts';
import { onceInAll } from './skip/once-a-file.ts';
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

/** What a model is made with, besides its documents. */
export interface JoinOptions {
  readonly generation: number;
  readonly absence: Absence;
  readonly rootNamespace: string;
  /** What becomes of the planes that can be chosen; enforced and observed unless said otherwise. */
  readonly planes?: { readonly calico: PlaneMode; readonly l4: PlaneMode; readonly site?: PlaneMode };
  /** Workloads from configuration: endpoints beside those of the files. */
  readonly endpoints?: readonly Endpoint[];
  /** The registry of the model before: what of it says the same now stays the same value. */
  readonly lastRegistry?: Registry | undefined;
  readonly hops?: readonly string[];
  /** Who answers for what lies in a directory, where neither a policy nor its namespace says. */
  readonly owners?: readonly (readonly [path: string, owner: string])[];
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
      planes: [
        plane,
        ...tierPlanes(contributions, { absence, planes }),
        ...sitePlanes(contributions, planes.site ?? 'observe'),
      ].map((each) => withOwners(each, ownerOf)),
      registry,
      hops: options.hops ?? [],
    },
    findings: [...onceInAll(copies), ...lintAll(plane, contributions)],
    counts: kindCounts(documentsOf(files).filter(({ isPolicy }) => isPolicy)),
    skipped,
    ignores: files.flatMap(({ ignores }) => ignores),
    summary: summaryOf(documentsOf(files), skipped),
  };
}

/**
 * The same policies with another registry; undefined if the owners of policies, which namespaces name, may be others by it.
 *
 * @param before  of files that differ from these in the documents of the registry alone, of which no two have one name
 */
export function withRegistry(
  before: PolicySet,
  files: readonly PolicyFile[],
  options: JoinOptions,
): PolicySet | undefined {
  const contributions: Contribution[] = [];
  for (const { documents } of files)
    for (const { contribution } of documents) if (contribution !== undefined) contributions.push(contribution);
  const registry = registryOf(contributions, options);
  if (registry.namespaces !== before.model.registry?.namespaces) return undefined;
  const model = { ...before.model, generation: options.generation, registry };
  return { ...before, model, summary: summaryOf(documentsOf(files), before.skipped) };
}

/** What only all policies together show. */
export const togetherFindings = (contributions: readonly Contribution[]): readonly Finding[] =>
  lintAll(istioPlane(contributions), contributions);

const lintAll = (plane: Plane, contributions: readonly Contribution[]): readonly Finding[] => [
  ...lintTogether(plane),
  ...lintTiers(contributions),
];

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
  const copies = repeatedAmong(files);
  const copied = new Set(copies.map(({ document }) => document));
  const contributions: Contribution[] = [];
  for (const { documents } of files) {
    for (const document of documents) {
      if (document.contribution !== undefined && !copied.has(document)) contributions.push(document.contribution);
    }
  }
  return { contributions, copies: copies.map(copyFinding) };
}

const copyFinding = (copy: Duplicate): Finding => asCopy(duplicateFinding(copy));

/** Pods, namespaces, service accounts and network sets, wherever they were written. */
function registryOf(contributions: readonly Contribution[], { endpoints = [], lastRegistry }: JoinOptions): Registry {
  const parts = {
    endpoints: [...endpoints],
    services: [] as ServiceEntry[],
    slices: [] as SliceEntry[],
    namespaces: [] as NamespaceEntry[],
    serviceAccounts: [] as ServiceAccountEntry[],
    networkSets: [] as NetworkSet[],
  };
  for (const one of contributions) {
    if (one.to === 'endpoint') parts.endpoints.push(one.endpoint);
    else if (one.to === 'service') parts.services.push(one.service);
    else if (one.to === 'slice') parts.slices.push(one.slice);
    else if (one.to === 'namespace') parts.namespaces.push(one.namespace);
    else if (one.to === 'service-account') parts.serviceAccounts.push(one.account);
    else if (one.to === 'network-set') parts.networkSets.push(one.set);
  }
  return joinRegistry(parts, lastRegistry);
}

const documentsOf = (files: readonly PolicyFile[]): readonly ReadDocument[] => files.flatMap((file) => file.documents);

function skippedOf(files: readonly PolicyFile[]): ReadonlyMap<string, number> {
  const out = new Map<string, number>();
  for (const { skipped } of files) {
    for (const [kind, count] of skipped) addSkipped(out, kind, count);
  }
  return out;
}
