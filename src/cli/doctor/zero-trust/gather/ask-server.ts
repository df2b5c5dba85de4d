/**
 * Asks the running server what it goes by, and what its deciders have seen.
 * @module
 */
import { statSync } from 'node:fs';
import type { AdminClient } from '../../../../admin-api/client.ts';
import type { EdgesAnswer } from '../../../../admin-api/edges.ts';
import type { EnvoysAnswer } from '../../../../admin-api/envoys.ts';
import type { PoliciesAnswer } from '../../../../admin-api/policies.ts';
import type { RulesAnswer } from '../../../../admin-api/seen/rules.ts';
import type { StatusAnswer } from '../../../../admin-api/status.ts';
import type { Config } from '../../../../config/config.ts';
import { asGatehouseError } from '../../../../errors.ts';
import type { PlaneId } from '../../../../policy/model.ts';
import { ruleKey, ruleName } from '../../../../policy/rules/rule-text.ts';
import { rulesInForce } from '../../../../policy/rules/rules-in-force.ts';
import type { ProofSide } from '../../../../server/policy/proof-side.ts';
import type { Evidence, Known, SeenEnvoy } from '../evidence.ts';

/** What a server answered. */
export interface ServerAnswers {
  readonly status: StatusAnswer;
  readonly policies: PoliciesAnswer;
  readonly rules: RulesAnswer;
  readonly edges: EdgesAnswer;
  readonly envoys: EnvoysAnswer;
}

/** All that is asked, or why nothing is known. */
export async function askServer(client: () => Promise<AdminClient>): Promise<Known<ServerAnswers>> {
  try {
    const { ask } = await client();
    const [status, policies, rules, edges, envoys] = await Promise.all([
      ask('GET /v1/status'),
      ask('GET /v1/policies'),
      ask('GET /v1/rules', { limit: 100_000 }),
      ask('GET /v1/edges', { limit: 20_000 }),
      ask('GET /v1/envoys'),
    ]);
    return { value: { status, policies, rules, edges, envoys } };
  } catch (thrown) {
    return { why: asGatehouseError(thrown).message };
  }
}

/** What of the answers is evidence. @param side  as the files have it; undefined where they cannot be read */
export function serverEvidence(
  answers: Known<ServerAnswers>,
  config: Config,
  side: ProofSide | undefined,
): Pick<Evidence, 'differs' | 'seen' | 'nameless'> {
  if (!('value' in answers)) return { differs: answers, seen: answers, nameless: answers };
  const { status, edges } = answers.value;
  return {
    differs:
      side === undefined
        ? { why: 'the files cannot be read' }
        : { value: [...differences(answers.value, config, side)] },
    seen: { value: [...askingEnvoys(edges), ...decidingEnvoys(answers.value.envoys)] },
    nameless: namelessIn(edges, status.policiesSince ?? status.startedAt),
  };
}

function* differences({ status, policies, rules }: ServerAnswers, config: Config, side: ProofSide): Iterable<string> {
  yield* status.degraded;
  if (status.trustDomain !== config.trustDomain) yield `its trust domain is ${status.trustDomain}`;
  if (statSync(config.file).mtimeMs > Date.parse(status.startedAt)) yield `${config.file} was changed after it started`;
  const modeOf = (id: PlaneId): string => (id === 'istio' ? 'enforce' : config.policies.planes[id]);
  const planes = side.model.planes.filter(({ id }) => modeOf(id) !== 'off');
  const here = planes.flatMap(({ id, stages }) =>
    stages.flatMap(({ kind, policies: some }) => some.map(({ ref }) => `${id} ${modeOf(id)} ${kind} ${nameOf(ref)}`)),
  );
  const there = policies.planes
    .filter(({ mode }) => mode !== 'off')
    .flatMap(({ id, mode, stages }) =>
      stages.flatMap(({ kind, policies: some }) => some.map((ref) => `${id} ${mode} ${kind} ${nameOf(ref)}`)),
    );
  yield* compared(here, there);
  const placed = rulesInForce({
    ...side.model,
    planes: planes.map((plane) => ({ ...plane, mode: 'enforce' as const })),
  });
  const own = [...placed].map(({ plane, stage, policy, rule }) =>
    ruleKey(ruleName({ plane: plane.id, direction: stage.direction ?? 'ingress', policy, rule })),
  );
  const theirs = rules.rules.map(({ plane, direction, dialect, kind, namespace, name, text }) =>
    JSON.stringify([plane, direction, dialect, kind, namespace, name, text]),
  );
  if (rules.ruleCount > rules.rules.length)
    yield `it has ${rules.ruleCount} rules, of which ${rules.rules.length} were told`;
  else if (own.toSorted().join() !== theirs.toSorted().join()) yield 'rules of its policies are not those of the files';
}

const nameOf = ({
  kind,
  namespace,
  name,
}: {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}) => `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`;

function* compared(here: readonly string[], there: readonly string[]): Iterable<string> {
  const [own, theirs] = [new Set(here), new Set(there)];
  for (const each of own) if (!theirs.has(each)) yield `it does not have ${each}`;
  for (const each of theirs) if (!own.has(each)) yield `it has ${each}`;
}

/** Envoys that asked, by whom they asked for. */
function askingEnvoys({ edges }: EdgesAnswer): readonly SeenEnvoy[] {
  const byWorkload = Map.groupBy(edges, ({ destination }) => destination);
  byWorkload.delete('');
  return [...byWorkload].map(([spiffeId, rows]) => {
    const count = rows.reduce((sum, row) => sum + row.count, 0);
    const lastAt = rows
      .map((row) => row.lastAt)
      .toSorted()
      .at(-1);
    const ports = new Set(rows.flatMap(({ port }) => (port === null ? [] : [port])));
    return {
      spiffeId,
      how: `${count} Checks, last at ${lastAt}`,
      ports: [...ports].map((port) => [port, port] as const),
      fault: '',
    };
  });
}

/** Envoys that decide themselves; one that has asked for no policy decides nothing that we know of. */
function decidingEnvoys({ envoys }: EnvoysAnswer): readonly SeenEnvoy[] {
  return envoys
    .filter(({ state }) => state !== 'nothing')
    .map(({ spiffeId, node, state }) => ({
      spiffeId,
      how: `Envoy ${node} ${state === 'holds' ? 'decides by our policy' : 'follows our policy'}`,
      ports: [],
      fault: state === 'refused' ? `its Envoy ${node} refused its policy` : '',
    }));
}

function namelessIn({ edges, edgeCount, deciders }: EdgesAnswer, since: string): Known<readonly string[]> {
  for (const { decider, state, why, overflow } of deciders) {
    if (state === 'mute' || state === 'silent')
      return { why: `nothing is known of decider ${decider ?? 'here'}: ${why}` };
    if (overflow.allowed > 0)
      return { why: `${overflow.allowed} allowed Checks of decider ${decider ?? 'here'} have no row` };
  }
  if (edgeCount > edges.length) return { why: `of ${edgeCount} edges ${edges.length} were told` };
  return {
    value: edges
      .filter(
        ({ caller, decision, lastAt }) =>
          caller === '' && decision === 'allow' && Date.parse(lastAt) >= Date.parse(since),
      )
      .map(
        ({ destination, namespace, count }) => `${destination || namespace || 'an unknown workload'} (${count} Checks)`,
      ),
  };
}
