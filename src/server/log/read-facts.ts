/**
 * Which headers, claims and metadata the policies read that may concern workloads of a namespace.
 * @module
 */
import type { ReadFact } from '../../authz/record/logged-facts.ts';
import { nameOfFact } from '../../policy/meaning/fact-values.ts';
import type { Expr, PolicyModel } from '../../policy/model.ts';

/** A bound on the facts of one log line. */
const MOST_FACTS = 64;

/** Looks through the policies once; answers by namespace. */
export function createReadFacts(model: PolicyModel): (namespace: string) => readonly ReadFact[] {
  const everywhere = '';
  const byNamespace = new Map<string, Map<string, ReadFact>>();
  for (const stage of model.planes.flatMap(({ stages }) => stages)) {
    if (stage.kind === 'transport' || stage.kind === 'token') continue;
    for (const { subject, rules } of stage.policies) {
      const name = subject.namespace ?? everywhere;
      const found = byNamespace.get(name) ?? new Map<string, ReadFact>();
      for (const { http, tcp } of rules) for (const expr of [http, tcp]) if (expr !== undefined) collect(expr, found);
      if (found.size > 0) byNamespace.set(name, found);
    }
  }
  const answers = new Map<string, readonly ReadFact[]>();
  return (namespace) => {
    const made =
      answers.get(namespace) ??
      [...new Map([...(byNamespace.get(everywhere) ?? []), ...(byNamespace.get(namespace) ?? [])]).values()].slice(
        0,
        MOST_FACTS,
      );
    answers.set(namespace, made);
    return made;
  };
}

function collect(expr: Expr, into: Map<string, ReadFact>): void {
  if (expr.op === 'all' || expr.op === 'any') for (const part of expr.of) collect(part, into);
  else if (expr.op === 'not') collect(expr.of, into);
  else if (expr.op === 'text') {
    const { fact } = expr;
    if (fact.of === 'header' || fact.of === 'claim' || fact.of === 'metadata') into.set(nameOfFact(fact), fact);
  }
}
