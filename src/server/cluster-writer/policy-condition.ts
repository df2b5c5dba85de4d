/**
 * The condition of a policy whose kind has them and shares them: whether what it says is in force.
 * @module
 */
import * as z from 'zod';
import { type Identified, lineOf, type ToldObject } from './told-object.ts';

/** Ours: a name with our domain, beside which others may have theirs. */
const TYPE = 'gatehouse.io/Accepted';
/** Kinds whose conditions merge by type, so that several may write them. */
const withConditions: ReadonlySet<string> = new Set(['ClusterNetworkPolicy']);
const MOST_FINDINGS = 10;
const MOST_MESSAGE = 4_000;

/** Whether the kind has conditions that we may write. */
export const hasConditions = ({ kind }: Pick<ToldObject, 'kind'>): boolean => withConditions.has(kind);

/** As the API has it. */
export interface PolicyCondition {
  readonly type: string;
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration: number;
  readonly lastTransitionTime: string;
}

const schema = z.object({
  status: z
    .object({
      conditions: z
        .array(
          z.object({
            type: z.string(),
            status: z.string(),
            reason: z.string(),
            message: z.string(),
            observedGeneration: z.number().nullish(),
            lastTransitionTime: z.string(),
          }),
        )
        .nullish(),
    })
    .nullish(),
});

/**
 * The condition that an object should have; undefined when it has it.
 *
 * @param found  the object as the API server has it
 */
export function conditionOf(
  object: ToldObject,
  { generation }: Identified,
  found: unknown,
  nowMs: number,
): PolicyCondition | undefined {
  const { isInForce, hasLastGood, findings } = object;
  const status = isInForce ? 'True' : 'False';
  const kept = isInForce ? '' : hasLastGood ? 'what it said before is in force: ' : 'nothing of it is in force: ';
  const lines = findings.slice(0, MOST_FINDINGS).map(lineOf);
  const wanted = {
    type: TYPE,
    status,
    reason: isInForce ? (findings.length > 0 ? 'InForceWithWarnings' : 'InForce') : 'Invalid',
    message: `${kept}${lines.join('\n')}`.slice(0, MOST_MESSAGE),
    observedGeneration: generation,
  } as const;
  const read = schema.safeParse(found);
  const before = read.data?.status?.conditions?.find(({ type }) => type === TYPE);
  const isSame =
    before?.status === status &&
    before.reason === wanted.reason &&
    before.message === wanted.message &&
    before.observedGeneration === generation;
  if (isSame) return undefined;
  const now = new Date(nowMs).toISOString().replace(/\.\d+Z$/, 'Z');
  return { ...wanted, lastTransitionTime: before?.status === status ? before.lastTransitionTime : now };
}
