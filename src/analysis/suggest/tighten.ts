/**
 * Policies without the grants that nobody has used: cut out of their files, and proved to open nothing.
 * @module
 */
import { GatehouseError } from '../../errors.ts';
import type { DialectOptions } from '../../policy/dialects/contribution.ts';
import type { PolicyModel } from '../../policy/model.ts';
import { type PlacedRule, rulesInForce } from '../../policy/rules/rules-in-force.ts';
import { cutRules } from '../patch/cut-rules.ts';
import { type Difference, type DiffSide, differenceOf } from '../proofs/diff/diff.ts';
import { createEffort } from '../regions/bound.ts';
import { type Grant, type KeptGrant, keyOfPlaced, nameOfGrant, type UnusedGrants } from './unused-grants.ts';

/** What is tightened. */
export interface Tightened {
  readonly removed: readonly Grant[];
  readonly kept: readonly KeptGrant[];
  /** By file: what it is to say. */
  readonly texts: ReadonlyMap<string, string>;
  readonly difference: Difference;
}

/** Files, and what they come to where some of them say something else. */
export interface TightenFiles {
  text(file: string): string | undefined;
  sideWith(texts: ReadonlyMap<string, string>): DiffSide;
}

/** The grants of one document, and its file without them. */
interface Cut {
  readonly file: string;
  readonly grants: readonly Grant[];
}

/**
 * Cuts unused grants out.
 *
 * @param timeoutMs  for each exact difference
 * @throws BoundMet if it cannot be said what changes; GatehouseError `internal` if what is left is not what should be
 */
export function tighten(
  { unused, kept }: UnusedGrants,
  files: TightenFiles,
  dialect: DialectOptions,
  timeoutMs: number,
): Tightened {
  const before = files.sideWith(new Map());
  const changeBy = (cuts: readonly Cut[]) => {
    const texts = textsWithout(cuts, files, dialect) ?? new Map<string, string>();
    const after = files.sideWith(texts);
    return { cuts, texts, after, difference: differenceOf(before, after, () => {}, createEffort(timeoutMs)) };
  };
  const all = documentsOf(unused);
  const writable = all.filter((cut) => textsWithout([cut], files, dialect) !== undefined);
  const stays = stayWith(
    all.filter((cut) => !writable.includes(cut)),
    'unwritable',
    'it cannot be cut out of its file without its neighbours: do it by hand',
  );
  let made = changeBy(writable);
  if (made.difference.added.length > 0) {
    const harmless = writable.filter((cut) => changeBy([cut]).difference.added.length === 0);
    stays.push(
      ...stayWith(
        writable.filter((cut) => !harmless.includes(cut)),
        'opens',
        'without it something passes that it keeps from what comes after it',
      ),
    );
    made = changeBy(harmless);
  }
  const removed = made.cuts.flatMap(({ grants }) => grants);
  refuseOther(before.model, made.after.model, removed);
  if (made.difference.added.length > 0)
    throw new GatehouseError('internal', 'what would be suggested lets something pass that is denied now');
  return { removed, kept: [...kept, ...stays], texts: made.texts, difference: made.difference };
}

const stayWith = (cuts: readonly Cut[], word: KeptGrant['word'], why: string): KeptGrant[] =>
  cuts.flatMap(({ grants }) => grants.map((grant) => ({ ...grant, word, why })));

function documentsOf(grants: readonly Grant[]): readonly Cut[] {
  const documents = Map.groupBy(grants, ({ policy, position }) => JSON.stringify([position.file, policy]));
  return [...documents.values()].map((some) => ({ file: some[0]!.position.file, grants: some })); // groups have members
}

/** The files without all of them; undefined if one cannot be cut out. */
function textsWithout(
  cuts: readonly Cut[],
  files: TightenFiles,
  dialect: DialectOptions,
): Map<string, string> | undefined {
  const texts = new Map<string, string>();
  for (const { file, grants } of cuts) {
    const text = texts.get(file) ?? files.text(file);
    const policy = grants[0]!.policy; // a document is there for its grants
    const cut = text === undefined ? undefined : cutRules(file, text, { policy, rules: grants }, dialect);
    if (cut === undefined) return undefined;
    texts.set(file, cut);
  }
  return texts;
}

/** @throws GatehouseError `internal` unless the rules are those from before without those that were removed */
function refuseOther(before: PolicyModel, after: PolicyModel, removed: readonly Grant[]): void {
  const gone = new Set(removed.map(nameOfGrant));
  const isGone = ({ policy: { ref }, stage, rule }: PlacedRule): boolean =>
    gone.has(nameOfGrant({ policy: ref, direction: stage.direction ?? 'ingress', rule: rule.index }));
  const keys = (model: PolicyModel, without: typeof isGone): string =>
    [...rulesInForce(enforced(model))]
      .filter((placed) => !without(placed))
      .map((placed) => keyOfPlaced(placed).replace(/#\d+"\]$/, '"]')) // of equal rules it does not matter which one stays
      .toSorted()
      .join('\n');
  if (keys(before, isGone) !== keys(after, () => false))
    throw new GatehouseError('internal', 'what would be left is not what is in force without what nobody used');
}

const enforced = (model: PolicyModel): PolicyModel => ({
  ...model,
  planes: model.planes.map((plane) => ({ ...plane, mode: 'enforce' })),
});
