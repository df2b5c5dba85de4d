/**
 * What rules read of a request that not everybody who asks can say of it.
 * @module
 */
import type { Expr, Plane, Policy, PolicyRef, TokenRule } from '../model.ts';

/** A fact by its name in policies; headers are named. */
export type FactName =
  | 'source.principal'
  | 'source.ip'
  | 'remote.ip'
  | 'source.port'
  | 'destination.ip'
  | 'destination.port'
  | 'connection.sni'
  | 'metadata'
  | `header ${string}`;

/** A fact, and the first policy that reads it. */
export interface NeededFact {
  readonly fact: FactName;
  readonly plane: Plane['id'];
  /** Undefined: the plane itself reads it. */
  readonly policy: PolicyRef | undefined;
  readonly rule: number | undefined;
}

/** The facts that a condition reads. Method, path and host are known of every request; claims come of tokens. */
function* factsOf(expr: Expr): Iterable<FactName> {
  switch (expr.op) {
    case 'all':
    case 'any':
      for (const each of expr.of) yield* factsOf(each);
      return;
    case 'not':
      yield* factsOf(expr.of);
      return;
    case 'text':
      yield* ofText(expr.fact);
      return;
    case 'address':
      yield `${expr.fact}.ip`;
      return;
    case 'port':
      yield expr.fact === 'destinationPort' ? 'destination.port' : 'source.port';
      return;
    case 'namedPort':
      yield* [`${expr.end}.ip`, `${expr.end}.port`] as const;
      return;
    case 'endpoint':
      yield `${expr.end}.ip`;
      if (expr.byHops && expr.end === 'source') yield 'source.principal';
      return;
    case 'identity':
      if (expr.end === 'source') yield 'source.principal';
      return;
    case 'protocol':
      return;
  }
}

function* ofText(fact: Extract<Expr, { op: 'text' }>['fact']): Iterable<FactName> {
  if (fact.of === 'peerName') yield 'source.principal';
  else if (fact.of === 'sni') yield 'connection.sni';
  else if (fact.of === 'metadata') yield 'metadata';
  else if (fact.of === 'header' && !fact.name.startsWith(':') && fact.name !== 'host') yield `header ${fact.name}`;
}

/** Where jwt_authn looks for a token unless it is told. */
const USUAL_TOKEN_HEADER = 'authorization';

/** The headers that tokens are looked for in. */
export function* tokenHeadersOf(rule: TokenRule): Iterable<FactName> {
  for (const { name } of rule.fromHeaders) yield `header ${name.toLowerCase()}`;
  if (rule.fromCookies.length > 0) yield 'header cookie';
  if (rule.fromHeaders.length + rule.fromParams.length + rule.fromCookies.length === 0)
    yield `header ${USUAL_TOKEN_HEADER}`;
}

/** What the rules of a policy read, each with the first rule that reads it. */
export function factsOfPolicy({ rules }: Pick<Policy, 'rules'>): ReadonlyMap<FactName, number> {
  const found = new Map<FactName, number>();
  for (const { http, index } of rules) for (const fact of factsOf(http)) if (!found.has(fact)) found.set(fact, index);
  return found;
}
