/**
 * `policy suggest --tighten`: grants that nobody has used, as a patch, with what it changes.
 * @module
 */
import { dirname, join, relative } from 'node:path';
import type { RequestsAnswer } from '../../../admin-api/seen/requests.ts';
import type { RulesAnswer } from '../../../admin-api/seen/rules.ts';
import { ruleStandings } from '../../../analysis/lint/exact/rule-standings.ts';
import { countGaps, nativeGaps } from '../../../analysis/suggest/count-gaps.ts';
import { accountOf } from '../../../analysis/suggest/seen-edges.ts';
import { tighten } from '../../../analysis/suggest/tighten.ts';
import { type Grant, keyOfPlaced, keyOfRow, unusedGrants } from '../../../analysis/suggest/unused-grants.ts';
import type { Config } from '../../../config/config.ts';
import { GatehouseError } from '../../../errors.ts';
import type { PolicyModel } from '../../../policy/model.ts';
import { rulesInForce } from '../../../policy/rules/rules-in-force.ts';
import { dialectOptions } from '../../../server/policy/policy-sources.ts';
import type { OutputFormat } from '../../terminal/output.ts';
import type { ExitCode, Terminal } from '../../terminal/terminal.ts';
import { filesOf, patchOf } from '../promote/file-sets.ts';
import { configured } from '../proofs/open-side.ts';
import type { ProofFlags } from '../proofs/proof-options.ts';
import { orUnknown } from '../proofs/unknown.ts';
import { modelHere, otherThan } from './policies-here.ts';
import { readPolicyTexts } from './policy-texts.ts';
import { refuseForGaps } from './refuse-for-gaps.ts';
import { clientOf, type SeenFlags, seenRequests, seenRules } from './seen-counts.ts';
import { type MadePatch, nameOf, showTightened } from './tightened-text.ts';

/** What the command is asked with. */
export interface TightenFlags extends Omit<ProofFlags, 'output' | 'config'>, SeenFlags {
  readonly minWindow: number;
  readonly acceptGaps?: true;
  readonly writePatch?: string;
  readonly output: OutputFormat;
}

/**
 * Exit code 0: told; 1: nothing is, for what was counted has gaps; 2: nobody can say.
 *
 * @param policies  `NAMESPACE/NAME`, or `NAME` of what has no namespace; none: all
 */
export async function showTighten(
  flags: TightenFlags,
  policies: readonly string[],
  terminal: Terminal,
): Promise<ExitCode> {
  const config = await configured({ ...flags, output: 'json' }, flags.config);
  const rules = await seenRules(flags);
  const { requests, envoys } = await seenRequests(flags);
  const gaps = [...countGaps(rules, requests, Date.now(), flags.minWindow), ...nativeGaps(envoys)];
  if (refuseForGaps(gaps, flags, terminal)) return 1;
  const model = await modelOf(config, flags, rules);
  refuseUnknown(policies, model);
  const rows = withStandings(model, rules);
  const isAsked = (grant: Grant): boolean => policies.length === 0 || policies.includes(nameOf(grant.policy));
  const found = unusedGrants({
    ...{ model, rows, nowMs: Date.now(), minWindowMs: flags.minWindow, called: calledIn(requests) },
    acceptsGaps: flags.acceptGaps === true,
  });
  return orUnknown(terminal, flags.output, () => {
    const asked = { unused: found.unused.filter(isAsked), kept: found.kept.filter(isAsked) };
    const files = readPolicyTexts(config, flags.planes ?? flags.plane);
    const made = tighten(asked, files, dialectOptions(config), flags.timeout);
    showTightened(made, patchBy(config, made.texts), { ...flags, gaps }, terminal);
    return 0;
  });
}

/** What is in force, if the files hold it. @throws GatehouseError `not_supported` if they do not */
async function modelOf(config: Config, flags: TightenFlags, rules: RulesAnswer): Promise<PolicyModel> {
  const refuse = (why: string): never => {
    throw new GatehouseError('not_supported', `what nobody used cannot be taken out of files here: ${why}`);
  };
  const model = modelHere(config);
  if (typeof model === 'string') return refuse(model);
  if (config.policies.paths.some(({ text }) => text !== undefined)) return refuse('standard input is no file');
  const other = flags.seenRules === undefined ? await otherThan(model, await clientOf(flags)) : undefined;
  if (other !== undefined) return refuse(other);
  if (rules.ruleCount > rules.rules.length) return refuse(`there are more than ${rules.rules.length} rules`);
  const here = new Set([...rulesInForce(model)].map(keyOfPlaced));
  const isSame = rules.rules.length === here.size && rules.rules.every((row) => here.has(keyOfRow(row)));
  return isSame ? model : refuse('the rules here are not those that were counted');
}

/** How rules stand that have decided nothing: by what is here, which is what was counted. */
function withStandings(model: PolicyModel, { rules }: RulesAnswer): RulesAnswer['rules'] {
  const hit = new Set(rules.flatMap((row) => (row.count > 0 ? [keyOfRow(row)] : [])));
  const standings = ruleStandings(model, (key) => hit.has(key));
  return rules.map((row) =>
    row.count > 0 ? row : { ...row, standing: standings.get(keyOfRow(row))?.standing ?? 'unknown' },
  );
}

function refuseUnknown(policies: readonly string[], model: PolicyModel): void {
  const known = new Set([...rulesInForce(model)].map(({ policy: { ref } }) => nameOf(ref)));
  const unknown = policies.filter((each) => !known.has(each));
  if (unknown.length > 0)
    throw new GatehouseError(
      'not_found',
      `no policy in force is called ${unknown.join(', ')}: with --tighten a policy is named NAMESPACE/NAME, or NAME where it has no namespace`,
    );
}

function calledIn({ requests }: RequestsAnswer): ReadonlySet<string> {
  const accounts = requests.flatMap(({ destination }) => accountOf(destination) ?? []);
  return new Set(accounts.map(({ namespace, serviceAccount }) => `${namespace}/${serviceAccount}`));
}

/** In the directory of the configuration, or in one above it where the files lie elsewhere. */
function patchBy(config: Config, texts: ReadonlyMap<string, string>): MadePatch {
  const { policies } = config;
  const inForce = filesOf(policies.paths);
  const candidate = inForce.map((each) => {
    const text = texts.get(join(policies.paths[each.path]!.path, each.name)); // it was found below it
    return text === undefined ? each : { ...each, text };
  });
  const both = { ...config, policies: { ...policies, candidate: { paths: policies.paths } } };
  let directory = dirname(config.file);
  while (policies.paths.some(({ path }) => relative(directory, path).startsWith('..'))) directory = dirname(directory);
  return { directory, text: patchOf({ inForce, candidate, config: both }, directory) };
}
