/**
 * An explanation as a person reads it: the verdict, the path to it, what came near, what would turn it round.
 * @module
 */

import { relative } from 'node:path';
import type {
  Clause,
  ExplainAnswer,
  ExplainedPolicy,
  ExplainedRule,
  ExplainedStage,
  Flip,
  NearMiss,
} from '../../../admin-api/explain.ts';
import { isObjectPlace } from '../../../policy/documents/position.ts';

/** Rules of one policy that are shown; the nearest come first. */
const MOST_RULES = 3;

/** Renders an explanation; ends with a newline. */
export function explanationText(explanation: ExplainAnswer): string {
  const { stages, nearMisses, flip, planes } = explanation;
  const parts = [
    head(explanation),
    ...(stages.length === 0 ? [] : [`DECISION PATH\n${pathText(stages)}`]),
    ...(nearMisses.length === 0 ? [] : [`NEAR MISSES\n${nearMisses.map(nearMissText).join('')}`]),
    ...flipParts('WHAT WOULD CHANGE IT', flip),
    ...planes.flatMap((plane) =>
      flipParts(`WHAT WOULD CHANGE ${plane.plane.toUpperCase()}, WHICH IS OBSERVED ONLY`, plane.flip ?? {}),
    ),
  ];
  return parts.join('\n');
}

function flipParts(title: string, flip: Flip): string[] {
  return flip.request === undefined && flip.policy === undefined ? [] : [`${title}\n${flipText(flip)}`];
}

function head({ decision, summary, destination, planes, dryRun, snapshot }: ExplainAnswer): string {
  const rows: [string, string][] = [];
  if (destination !== null) {
    const labels = Object.entries(destination.labels ?? {}).map(([key, value]) => `${key}=${value}`);
    const known = destination.labels === null ? 'labels unknown' : labels.length === 0 ? 'no labels' : labels.join(' ');
    rows.push(['destination', `${destination.spiffeId} (${known}; found by ${destination.foundBy})`]);
  }
  if (planes.length > 1)
    for (const { plane, mode, decision: made, reason, policy, rule } of planes)
      rows.push([plane, `${made}${mode === 'observe' ? ' (observed only)' : ''}: ${reason}${by(policy, rule)}`]);
  if (dryRun !== null)
    rows.push([
      'dry run',
      `would ${dryRun.decision}${dryRun.policy === null ? '' : ` by ${dryRun.policy}`} if every dry-run policy were enforced`,
    ]);
  rows.push(['policies', `generation ${snapshot}`]);
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, text]) => `  ${name.padEnd(width)}  ${text}\n`).join('');
  return `${decision.toUpperCase()}  ${summary}\n${lines}`;
}

const by = (policy: string | null, rule: number | null): string =>
  policy === null ? '' : ` by ${policy}${rule === null ? '' : ` rule ${rule}`}`;

/** The stages, under a heading a plane and direction. */
function pathText(stages: readonly ExplainedStage[]): string {
  let heading = '';
  let out = '';
  const width = Math.max(...stages.map(({ stage }) => stage.length));
  for (const stage of stages) {
    const own = headingOf(stage);
    if (own !== heading) out += `  ${own}\n`;
    heading = own;
    out += `    ${stage.stage.padEnd(width)}  ${stage.decision.padEnd(8)}  ${stage.said}\n`;
    for (const policy of stage.policies) out += policyText(policy);
  }
  return out;
}

function headingOf({ plane, mode, direction, endpoint }: ExplainedStage): string {
  const side = direction === undefined ? '' : ` ${direction}${endpoint === undefined ? '' : ` of ${endpoint}`}`;
  return `${plane}${side}${mode === 'observe' ? ' (observed only)' : ''}`;
}

function policyText({ policy, kind, owner, file, line, mode, applies, rules }: ExplainedPolicy): string {
  const notes = [kind, ...(owner === null ? [] : [`owner ${owner}`]), ...(mode === 'dry-run' ? ['dry run'] : [])];
  const doubt = applies === 'unknown' ? '  whether it applies is unknown: nobody told the labels\n'.padStart(8) : '';
  const shown = rules.slice(0, MOST_RULES).map(ruleText);
  const more = rules.length > MOST_RULES ? [`        and ${rules.length - MOST_RULES} more rules, further away\n`] : [];
  return `      ${policy} (${notes.join(', ')})  ${place(file, line)}\n${doubt}${[...shown, ...more].join('')}`;
}

function ruleText({ rule, effect, line, holds, clauses }: ExplainedRule): string {
  const verdict = holds ? `holds: ${effect}` : 'does not hold';
  return `        rule ${rule} (line ${line}) ${verdict}\n${clauses.map(clauseText).join('')}`;
}

const clauseText = ({ text }: Clause): string => `          ${text}\n`;

function nearMissText(miss: NearMiss): string {
  const { plane, stage, direction, policy, owner, rule, file, line, failedClauses, first } = miss;
  const where = `${plane}${direction === undefined ? '' : ` ${direction}`} ${stage}`;
  const whose = owner === null ? '' : `, owner ${owner}`;
  const short = failedClauses === 1 ? 'one clause short' : `${failedClauses} clauses short, the first`;
  const written =
    first.path === null ? place(file, line) : `${place(file, first.line ?? line, first.column)}  ${first.path}`;
  return `  ${policy} rule ${rule} (${where}${whose}): ${short}\n    ${first.text}\n    ${written}\n`;
}

/** Both changes; the policy's with the lines to change. */
function flipText({ request, policy }: Flip): string {
  let out = '';
  if (request !== undefined) out += `  request  ${request.text}\n`;
  if (policy === undefined) return out;
  const { text, file, line, owner, diff } = policy;
  const indented = diff
    .trimEnd()
    .split('\n')
    .map((each) => `    ${each}\n`)
    .join('');
  return `${out}  policy   ${text}\n    ${place(file, line)}${owner === null ? '' : `, owner ${owner}`}\n${indented}`;
}

/** `file:line`, relative to here where it lies beneath. */
export function place(file: string, line: number, column?: number | null): string {
  if (isObjectPlace(file)) return file;
  const near = relative(process.cwd(), file);
  const shown = near.startsWith('..') ? file : near;
  return `${shown}:${line}${column === undefined || column === null ? '' : `:${column}`}`;
}
