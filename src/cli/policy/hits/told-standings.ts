/**
 * Says of rules that have decided nothing whether a request could have come to them, by the files here.
 * @module
 */
import type { AdminClient } from '../../../admin-api/client.ts';
import type { RuleRow, RulesAnswer } from '../../../admin-api/seen/rules.ts';
import { type RuleStanding, ruleStandings } from '../../../analysis/lint/exact/rule-standings.ts';
import { keyOfPlaced, keyOfRow } from '../../../analysis/suggest/unused-grants.ts';
import { GatehouseError } from '../../../errors.ts';
import type { PolicyModel } from '../../../policy/model.ts';
import { rulesInForce } from '../../../policy/rules/rules-in-force.ts';
import { policiesHere } from './policies-here.ts';

/** All that the server may be asked for. */
const ALL = 100_000;

/** How rules stand, or why nobody can say. */
type ToldStandings = ReadonlyMap<string, RuleStanding> | string;

/** The answer with what is known, and a sentence where nothing is. */
export async function withStandings(
  answer: RulesAnswer,
  configFile: string | undefined,
  client: AdminClient,
): Promise<{ readonly answer: RulesAnswer; readonly unknown: string }> {
  if (!answer.rules.some(isUnhit)) return { answer, unknown: '' };
  const standings = configFile === undefined ? 'no configuration is here' : await standingsHere(configFile, client);
  if (typeof standings === 'string') return { answer, unknown: standings };
  return { answer: { ...answer, rules: answer.rules.map((row) => standingIn(row, standings)) }, unknown: '' };
}

const isUnhit = ({ count, counts }: RuleRow): boolean => count === 0 && counts !== 'none';

function standingIn(row: RuleRow, standings: ReadonlyMap<string, RuleStanding>): RuleRow {
  return isUnhit(row) ? { ...row, standing: standings.get(keyOfRow(row)) ?? 'unknown' } : row;
}

async function standingsHere(configFile: string, client: AdminClient): Promise<ToldStandings> {
  try {
    const model = await policiesHere(configFile, client);
    return typeof model === 'string' ? model : standingsOf(model, await client.ask('GET /v1/rules', { limit: ALL }));
  } catch (thrown) {
    if (!(thrown instanceof GatehouseError)) throw thrown;
    return thrown.message; // the counts are told all the same
  }
}

/** How the rules of a model stand, given what each has decided; a sentence where the answer is about others. */
export function standingsOf(model: PolicyModel, { rules, ruleCount }: RulesAnswer): ToldStandings {
  if (ruleCount > rules.length) return `there are more than ${rules.length} rules`;
  const counts = new Map(rules.map((row) => [keyOfRow(row), row.count]));
  for (const placed of rulesInForce(model)) {
    if (!counts.has(keyOfPlaced(placed))) return 'the rules here are not those that the server has in force';
  }
  return ruleStandings(model, (key) => (counts.get(key) ?? 0) > 0);
}
