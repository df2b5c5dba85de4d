/**
 * All that is known of a candidate that is to come in force.
 * @module
 */
import type { CandidateAnswer } from '../../../admin-api/candidate.ts';
import type { AdminClient } from '../../../admin-api/client.ts';
import { differenceOf } from '../../../analysis/proofs/diff/diff.ts';
import { type DiffDocument, diffDocument } from '../../../analysis/proofs/diff/diff-document.ts';
import { proveTenants } from '../../../analysis/proofs/prove/prove.ts';
import { proveDocument } from '../../../analysis/proofs/prove/prove-document.ts';
import { createReplay } from '../../../analysis/proofs/replay.ts';
import { BoundMet, createEffort } from '../../../analysis/regions/bound.ts';
import type { Config } from '../../../config/config.ts';
import { GatehouseError } from '../../../errors.ts';
import { type ProofSide, proofSide } from '../../../server/policy/proof-side.ts';
import { proofTenants } from '../../../server/policy/proof-tenants.ts';
import { diffSide } from '../proofs/show-diff.ts';
import { type FileSets, readFileSets } from './file-sets.ts';
import { type Refusal, type RefusalCode, refusalsOf } from './refusals.ts';

/** A document that is in force and not in the candidate. */
export interface Removed {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** The JSON of `policy promote`, without what was written. */
export interface PromotionDocument {
  readonly promoted: boolean;
  readonly refusals: readonly Refusal[];
  readonly since: string | null;
  readonly counts: CandidateAnswer['counts'];
  /** What was seen, the rarest first. */
  readonly differences: CandidateAnswer['differences'];
  readonly differenceCount: number;
  /** As `policy diff` prints it; null: not known. */
  readonly diff: DiffDocument | null;
  /** As `policy prove` prints them; empty without tenants. */
  readonly tenants: ReturnType<typeof proveDocument>['tenants'];
  /** In force, and gone with the candidate. */
  readonly removes: readonly Removed[];
}

/** The document, and the files that it is about. */
export interface Promotion {
  readonly document: PromotionDocument;
  readonly sets: FileSets;
}

/** How it is judged. */
export interface PromotionOptions {
  readonly minAgeMs: number;
  readonly accepted: ReadonlySet<RefusalCode>;
}

/** Asks the server, the files and the exact analysis. @throws GatehouseError `not_found` without a candidate; `unreachable` */
export async function promotionOf(config: Config, client: AdminClient, options: PromotionOptions): Promise<Promotion> {
  if (config.policies.candidate.paths.length === 0)
    throw new GatehouseError('not_found', 'there is no candidate: name one in policies.candidate.paths');
  const answer = await client.ask('GET /v1/candidate', { limit: 200, derive: 'false' });
  const { degraded, planes } = await client.ask('GET /v1/policies', {});
  const sets = readFileSets(config);
  const isBroken = answer.state !== 'comparing';
  const proved = isBroken ? { ...nothingKnown, after: undefined } : provedOf(config);
  const { minAgeMs, accepted } = options;
  const unproved = [...new Set(proved.tenants.filter((each) => !each.proved).map(({ tenant }) => tenant))];
  const refusals = refusalsOf(
    {
      ...{ answer, nowMs: Date.now(), minAgeMs, digest: sets.digest, degraded, unproved },
      diffUnknown: proved.unknown,
    },
    accepted,
  );
  const names = new Set(proved.after === undefined ? [] : namesIn(proved.after));
  const inForce = planes
    .filter(({ id }) => id !== 'site')
    .flatMap(({ stages }) => stages.flatMap((each) => each.policies));
  const removes = inForce
    .filter((each) => proved.after !== undefined && !names.has(nameOf(each)))
    .map(({ kind, namespace, name }) => ({ kind, namespace, name }));
  const { since, counts, differences, differenceCount } = answer;
  const document: PromotionDocument = {
    promoted: refusals.every((each) => each.accepted) && !isBroken,
    ...{ refusals, since, counts, differences, differenceCount },
    ...{ diff: proved.diff, tenants: proved.tenants },
    removes: [...new Map(removes.map((each) => [JSON.stringify(each), each])).values()],
  };
  return { document, sets };
}

type Proved = Pick<PromotionDocument, 'diff' | 'tenants'> & {
  readonly after: ProofSide | undefined;
  /** Why the diff is not known; empty: it is. */
  readonly unknown: string;
};

/** What either answer of the exact engine may take: longer, and it is not known. */
const MOST_MS = 120_000;

const nothingKnown = { diff: null, tenants: [], unknown: '' };

function provedOf(config: Config): Proved {
  const after = proofSide(
    { ...config, policies: { ...config.policies, paths: config.policies.candidate.paths } },
    undefined,
  );
  if (config.kubernetes.policies || config.kubernetes.registry)
    return { ...nothingKnown, after, unknown: 'policies or pods are those of a cluster, which files do not hold' };
  try {
    const before = proofSide(config, undefined);
    const difference = differenceOf(diffSide(before), diffSide(after), () => {}, createEffort(MOST_MS));
    return { diff: diffDocument(difference), tenants: provedTenants(config, after), after, unknown: '' };
  } catch (thrown) {
    if (!(thrown instanceof BoundMet)) throw thrown;
    return { ...nothingKnown, after, unknown: thrown.message };
  }
}

function provedTenants(config: Config, side: ProofSide): PromotionDocument['tenants'] {
  if (Object.keys(config.tenants).length === 0) return [];
  const { model, planes, allowEmpty, options } = side;
  const proofs = proveTenants({
    ...{ side, planes, allowEmpty, only: undefined, trustedHops: options.trustedHops },
    tenants: proofTenants(config, model.registry),
    believesForeigners: side.believesForeigners,
    replayWith: (each) => createReplay(each, options, allowEmpty),
    progress: () => {},
    effort: createEffort(MOST_MS),
  });
  return proveDocument(proofs, 0).tenants;
}

const nameOf = ({ kind, namespace, name }: Removed): string => JSON.stringify([kind, namespace, name]);

const namesIn = ({ model }: ProofSide): readonly string[] =>
  model.planes.flatMap(({ stages }) => stages.flatMap(({ policies }) => policies.map(({ ref }) => nameOf(ref))));
