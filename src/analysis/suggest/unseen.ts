/**
 * Whether a decider would see that a rule is used: it is asked by Envoys, about what comes to their workloads over TCP.
 * @module
 */
import { applies } from '../../policy/meaning/subject.ts';
import type { Expr, Policy, PolicyModel } from '../../policy/model.ts';
import { createLabelIndex } from '../../policy/registry/effective-labels.ts';
import { type Endpoint, emptyRegistry } from '../../policy/registry/registry.ts';
import type { PlacedRule } from '../../policy/rules/rules-in-force.ts';

const TCP = 6;

/**
 * Creates it for a model.
 *
 * @param called  `NAMESPACE/SERVICEACCOUNT` of workloads that a decider was asked about
 * @returns a sentence where a use may go unseen
 */
export function createUnseen(
  { registry = emptyRegistry }: Pick<PolicyModel, 'registry'>,
  called: ReadonlySet<string>,
): (placed: PlacedRule) => string | undefined {
  const labels = createLabelIndex(registry);
  const known = new Map<Policy['subject'], string | undefined>();
  const selects = ({ subject }: Policy, pod: Endpoint): boolean => {
    const { namespace, serviceAccount } = pod;
    const destination = { spiffeId: '', namespace, serviceAccount, labels: new Map(pod.labels) };
    return applies(subject, destination, { endpointLabels: () => labels.ofEndpoint(pod) }) !== 'no';
  };
  function uncalled(policy: Policy): string | undefined {
    const pods = registry.endpoints.filter((pod) => selects(policy, pod));
    if (pods.length === 0) return 'no workload is known that it selects: a registry names them';
    const names = new Set(pods.map(({ namespace, serviceAccount }) => `${namespace}/${serviceAccount}`));
    const silent = [...names].find((name) => !called.has(name));
    return (
      silent && `no decider was asked about ${silent}, which it selects: nobody called it, or its Envoy does not ask`
    );
  }
  return ({ plane, stage, policy, rule }) => {
    if (stage.direction === 'egress') return 'what leaves the mesh is seen by no decider';
    if (plane.id !== 'istio' && !isOfTcp(rule.http))
      return 'it lets other protocols than TCP pass, which no decider sees';
    if (!known.has(policy.subject)) known.set(policy.subject, uncalled(policy));
    return known.get(policy.subject);
  };
}

/** Whether a condition surely wants TCP. */
function isOfTcp(expr: Expr): boolean {
  if (expr.op === 'protocol') return expr.any.every((number) => number === TCP);
  if (expr.op === 'all') return expr.of.some(isOfTcp);
  return expr.op === 'any' && expr.of.length > 0 && expr.of.every(isOfTcp);
}
