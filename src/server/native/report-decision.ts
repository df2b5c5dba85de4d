/**
 * Makes a decision, as ours are kept, of what an Envoy says that it has decided.
 * @module
 */
import type { NativeWorkload } from '../../authz/native/native-deps.ts';
import type { ReportedLine } from '../../authz/native/reports/reported-line.ts';
import type { LoggedFacts } from '../../authz/record/logged-facts.ts';
import { JWT } from '../../authz/record/redact.ts';
import type { RedactedDecision } from '../../authz/record/redacted-decision.ts';
import type { RuleHit } from '../../authz/record/rule-hits.ts';
import { bytesField, varintField } from '../../authz/wire/writer.ts';
import { type Decision, decision } from '../../policy/decision.ts';
import type { PolicyModel, PolicyRef } from '../../policy/model.ts';
import { type DecidingRule, decidingRules } from '../../policy/rules/deciding-rule.ts';
import { ruleName } from '../../policy/rules/rule-text.ts';
import { type PlacedRule, rulesInForce } from '../../policy/rules/rules-in-force.ts';

/** Finds the rule that a line names, among those of Istio in force. */
export type FindRule = (line: ReportedLine) => PlacedRule | undefined;

/** Creates it for a model; rules are looked through once a model. */
export function createFindRule(model: () => PolicyModel): FindRule {
  let known: { readonly model: PolicyModel; readonly rules: ReadonlyMap<string, PlacedRule> } | undefined;
  return ({ policy, effect }) => {
    if (policy?.rule === undefined) return undefined;
    const now = model();
    if (known?.model !== now) {
      const rules = new Map<string, PlacedRule>();
      for (const placed of rulesInForce(now)) {
        const { namespace, name } = placed.policy.ref;
        if (placed.plane.id !== 'istio') continue; // a NetworkPolicy may bear the same name
        rules.set(`${placed.rule.effect} ${namespace}/${name}#${placed.rule.index}`, placed);
      }
      known = { model: now, rules };
    }
    return known.rules.get(`${effect} ${policy.namespace}/${policy.name}#${policy.rule}`);
  };
}

/** What the line comes to, by the names of the rule that it says. */
export function decisionOf({ effect, reason, policy }: ReportedLine, found: PlacedRule | undefined): Decision {
  if (policy === undefined) return decision(reason === 'revoked' ? undefined : 'istio', effect, reason);
  const ref: PolicyRef = found?.policy.ref ?? {
    ...{ dialect: 'istio', kind: 'AuthorizationPolicy', namespace: policy.namespace, name: policy.name },
  };
  const where = found && { stage: found.stage.name, owner: found.policy.owner || undefined };
  return decision(found?.plane.id ?? 'istio', effect, reason, ref, policy.rule, where);
}

/** One decision of that rule, and of those by which the other planes let the request pass. */
export function hitsOf(
  found: PlacedRule | undefined,
  others: Decision | undefined,
  lastAt: number,
): readonly RuleHit[] {
  const rules = [
    ...(found === undefined ? [] : [placed(found)]),
    ...(others === undefined ? [] : decidingRules(others)),
  ];
  return rules.map((each) => ({ ...ruleName(each), index: each.rule.index, count: 1, lastAt }));
}

const placed = ({ plane, stage, policy, rule }: PlacedRule): DecidingRule => ({
  ...{ plane: plane.id, direction: stage.direction ?? 'ingress', policy, rule },
});

/** As a decision here tells what all planes come to: the first that has a rule to name speaks. */
export function joinedWith(made: Decision, others: Decision | undefined): Decision {
  if (others === undefined) return made;
  const spoken = made.policy === undefined && others.policy !== undefined ? others : made;
  return others.observed === undefined ? spoken : { ...spoken, observed: others.observed };
}

/** As ours are kept: without headers, since the line has none. */
export function reportedDecision(
  line: ReportedLine,
  made: Decision,
  {
    id,
    at,
    workload,
    snapshot,
  }: { readonly id: string; readonly at: number; readonly workload: NativeWorkload; readonly snapshot: number },
): RedactedDecision {
  return {
    ...{ id, decidedAt: at, decision: made, snapshot, reported: true },
    destination: { ...workload, foundBy: 'principal' },
    reportedFacts: factsOf(line, workload),
    request: requestOf(line, workload),
    caller: { spiffeId: workload.spiffeId, serial: '', spki: '' },
    tokens: undefined,
  };
}

/** A text whose tokens are covered: they travel in paths too. */
export const withoutTokens = (text: string): string => text.replaceAll(JWT, (token) => 'x'.repeat(token.length));

/** What the line tells of the facts that the record of a decision lacks; of all others nothing is known. */
function factsOf({ names, port, sni }: ReportedLine, { labels }: NativeWorkload): LoggedFacts {
  return {
    ...(labels && { labels: Object.fromEntries(labels), labelsTold: true }),
    ...(port >= 0 && { port }),
    ...(sni !== '' && { sni }),
    names,
    ...(names.length > 0 && { mtls: true }),
  };
}

/** A CheckRequest of what the line tells. */
function requestOf(line: ReportedLine, { spiffeId, labels }: NativeWorkload): Buffer {
  const entries = [...(labels ?? [])].map(([key, value]) => bytesField(3, bytesField(1, key), bytesField(2, value)));
  const ends = [
    bytesField(1, socket(line.sourceAddress, line.sourcePort), text(4, line.caller)),
    bytesField(2, socket('', Math.max(0, line.port)), ...entries, bytesField(4, spiffeId)),
  ];
  if (line.protocol === 'tcp') return bytesField(1, ...ends);
  const { method } = line;
  const [path, host, id] = [withoutTokens(line.path), withoutTokens(line.host), withoutTokens(line.requestId)];
  const headers = [header(':method', method), header(':path', path), header(':authority', host)];
  if (id !== '') headers.push(header('x-request-id', id));
  return bytesField(
    1,
    ...ends,
    bytesField(4, bytesField(2, text(2, method), ...headers, text(4, path), text(5, host))),
  );
}

const text = (number: number, value: string): Buffer | string => (value === '' ? '' : bytesField(number, value));

const header = (name: string, value: string): Buffer => bytesField(3, bytesField(1, name), text(2, value));

/** A port of 0 is one. */
const socket = (address: string, port: number): Buffer =>
  bytesField(1, bytesField(1, text(2, address), varintField(3, port)));
