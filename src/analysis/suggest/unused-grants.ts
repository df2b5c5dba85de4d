/**
 * Grants of policies, and which of them nobody has used as far as the deciders could see it.
 * @module
 */
import type { RuleRow } from '../../admin-api/seen/rules.ts';
import type { Position } from '../../policy/documents/position.ts';
import type { PolicyModel, PolicyRef, RuleStage } from '../../policy/model.ts';
import { type RuleName, ruleKey, ruleName } from '../../policy/rules/rule-text.ts';
import { type PlacedRule, rulesInForce } from '../../policy/rules/rules-in-force.ts';
import { createUnseen } from './unseen.ts';

/** A rule of a document that allows; every plane that reads it counts it apart. */
export interface Grant {
  readonly policy: PolicyRef;
  readonly direction: NonNullable<RuleStage['direction']>;
  /** Its place in the document's list. */
  readonly rule: number;
  readonly position: Position;
  /** Since when it is counted, by the plane that began last. */
  readonly since: string;
}

/**
 * Why a grant stays although nothing was counted: rules beside it decide its requests (`shadowed`, `redundant`), none has what it asks
 * (`unmet`), that is not known (`unknown`), it was counted for less than the window (`young`), no decider sees what it is about
 * (`unseen`), taking it away would let something pass (`opens`), or it cannot be cut out of its file (`unwritable`).
 */
export type KeptWord = 'shadowed' | 'redundant' | 'unmet' | 'unknown' | 'young' | 'unseen' | 'opens' | 'unwritable';

/** A grant that stays, and why. */
export interface KeptGrant extends Grant {
  readonly word: KeptWord;
  readonly why: string;
}

/** What nobody has used. */
export interface UnusedGrants {
  readonly unused: readonly Grant[];
  readonly kept: readonly KeptGrant[];
}

/** What was counted of which rules. */
export interface GrantQuestion {
  /** As it is in force. */
  readonly model: PolicyModel;
  /** Of all of its rules, with how those stand that have decided nothing. */
  readonly rows: readonly RuleRow[];
  readonly nowMs: number;
  readonly minWindowMs: number;
  /** `NAMESPACE/SERVICEACCOUNT` of workloads that a decider was asked about. */
  readonly called: ReadonlySet<string>;
  /** Takes what is young or unseen for unused. */
  readonly acceptsGaps: boolean;
}

/** The key of a row, as the rule itself has it. */
export const keyOfRow = ({ plane, direction, dialect, kind, namespace, name, text }: RuleRow): string =>
  ruleKey({ plane, direction, dialect, kind, namespace, name, text } as RuleName); // its texts are those of a rule

/** The key of a rule in force. */
export const keyOfPlaced = ({ plane, stage, policy, rule }: PlacedRule): string =>
  ruleKey(ruleName({ plane: plane.id, direction: stage.direction ?? 'ingress', policy, rule }));

/** Names a rule by where it stands in its document: what several planes read is one. */
export const nameOfGrant = ({ policy: ref, direction, rule }: Pick<Grant, 'policy' | 'direction' | 'rule'>): string =>
  JSON.stringify([ref.dialect, ref.kind, ref.namespace, ref.name, direction, rule]);

/** Finds the enforced rules that allow and have decided nothing, and parts them. */
export function unusedGrants(question: GrantQuestion): UnusedGrants {
  const rows = new Map(question.rows.map((row) => [keyOfRow(row), row]));
  const unseenOf = createUnseen(question.model, question.called);
  const unused: Grant[] = [];
  const kept: KeptGrant[] = [];
  for (const placed of grantsIn(question.model).values()) {
    const counted = placed.flatMap((each) => {
      const row = rows.get(keyOfPlaced(each));
      return row === undefined ? [] : [{ ...each, row }];
    });
    const granting = counted.filter(({ rule, row }) => rule.effect === 'allow' && row.counts === 'enforce');
    const [first] = granting;
    if (first === undefined || counted.some(({ row }) => row.count > 0)) continue;
    const grant: Grant = {
      policy: first.policy.ref,
      direction: first.stage.direction ?? 'ingress',
      rule: first.rule.index,
      position: first.rule.position,
      since: granting
        .map(({ row }) => row.since)
        .toSorted()
        .at(-1)!, // there is one
    };
    const stays =
      standingOf(granting.map(({ row }) => row)) ??
      (question.acceptsGaps ? undefined : (young(grant, question) ?? unseenText(unseenOf, granting)));
    if (stays === undefined) unused.push(grant);
    else kept.push({ ...grant, ...stays });
  }
  return { unused, kept };
}

/** Rules of the model by what is one rule in a document: planes, and halves of one rule, stand together. Those of the site are not ours. */
function grantsIn(model: PolicyModel): ReadonlyMap<string, readonly PlacedRule[]> {
  const rules = [...rulesInForce(model)].filter(({ plane, rule }) => plane.id !== 'site' && rule.isDefault !== true);
  return Map.groupBy(rules, ({ stage, policy: { ref }, rule }) =>
    nameOfGrant({ policy: ref, direction: stage.direction ?? 'ingress', rule: rule.index }),
  );
}

type Stays = Pick<KeptGrant, 'word' | 'why'>;

const standings: Partial<Record<RuleRow['standing'], string>> = {
  shadowed: 'others decide all its requests before it, otherwise than it says',
  redundant: 'others allow all that it allows',
  unmet: 'no request has what it asks',
  unknown: 'it is not known whether a request could come to it',
};

function standingOf(rows: readonly RuleRow[]): Stays | undefined {
  for (const { standing } of rows) {
    const why = standings[standing];
    if (why !== undefined) return { word: standing as KeptWord, why }; // those of the table
  }
  return undefined;
}

function young({ since }: Grant, { nowMs, minWindowMs }: GrantQuestion): Stays | undefined {
  return nowMs - Date.parse(since) < minWindowMs
    ? { word: 'young', why: `it is counted only since ${since.slice(0, 19)}` }
    : undefined;
}

function unseenText(unseenOf: ReturnType<typeof createUnseen>, granting: readonly PlacedRule[]): Stays | undefined {
  for (const placed of granting) {
    const why = unseenOf(placed);
    if (why !== undefined) return { word: 'unseen', why };
  }
  return undefined;
}
