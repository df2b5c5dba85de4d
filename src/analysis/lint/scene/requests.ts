/**
 * Requests with which a condition may hold: what the condition names, put together.
 *
 * A finite choice of what could be asked; its user replays it and looks. An exact engine would stand here.
 * @module
 */
import { LOST_NAME } from '../../../lib/lost-name.ts';
import type { LabelExpr } from '../../../policy/meaning/labels.ts';
import type { Expr, TextFact } from '../../../policy/model.ts';
import { valuesFor } from '../../witness.ts';

/** The parts of a request that a condition has a say in; absent ones are free. */
export interface Asked {
  readonly method?: string;
  readonly path?: string;
  readonly host?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly port?: number;
}

/** More alternatives than this are not looked at. */
const MOST = 12;

/** Requests with which the condition holds as far as the condition alone tells; none if it contradicts itself. */
export function requestsFor(expr: Expr): readonly Asked[] {
  return alternatives(expr, true).slice(0, MOST);
}

function alternatives(expr: Expr, wanted: boolean): readonly Asked[] {
  switch (expr.op) {
    case 'not':
      return alternatives(expr.of, !wanted);
    case 'all':
    case 'any':
      return (expr.op === 'all') === wanted
        ? expr.of.reduce<readonly Asked[]>((made, part) => cross(made, alternatives(part, wanted)), [{}])
        : expr.of.flatMap((part) => alternatives(part, wanted)).slice(0, MOST);
    case 'port': {
      if (expr.fact !== 'destinationPort') return [{}];
      const outside = [8080, 80, 1, 65_535].find(
        (port) => !expr.any.some(({ from, to }) => port >= from && port <= to),
      );
      if (!wanted) return outside === undefined ? [] : [{ port: outside }];
      return expr.any.slice(0, MOST).map(({ from }) => ({ port: from }));
    }
    case 'text':
      return ofText(expr, wanted);
    default:
      return [{}]; // identity and place: the pods of the registry are tried for those
  }
}

function ofText(atom: Extract<Expr, { op: 'text' }>, wanted: boolean): readonly Asked[] {
  if (!isAsked(atom.fact)) return [{}];
  const each = wanted ? atom.any.slice(0, MOST).map((pattern) => ({ ...atom, any: [pattern] })) : [atom];
  return each.flatMap((one) => {
    const values = valuesFor(one, wanted);
    if (values === undefined) return [];
    const [value] = values;
    return [value === undefined ? {} : withValue(atom.fact, value)];
  });
}

const isAsked = ({ of }: TextFact): boolean =>
  of === 'method' || of === 'path' || of === 'normalPath' || of === 'host' || of === 'header';

function withValue(fact: TextFact, value: string): Asked {
  switch (fact.of) {
    case 'method':
      return { method: value };
    case 'path':
    case 'normalPath':
      return { path: value };
    case 'host':
      return { host: value };
    case 'header':
      return fact.name.startsWith(':') || fact.name === LOST_NAME ? {} : { headers: { [fact.name]: value } };
    default:
      return {};
  }
}

function cross(left: readonly Asked[], right: readonly Asked[]): readonly Asked[] {
  return left
    .flatMap((a) => right.map((b) => ({ ...b, ...a, headers: { ...b.headers, ...a.headers } })))
    .slice(0, MOST);
}

/** Whether the condition, or a part of it, is one of these kinds. */
export function mentions(expr: Expr, test: (atom: Expr) => boolean): boolean {
  if (expr.op === 'not') return mentions(expr.of, test);
  if (expr.op === 'all' || expr.op === 'any') return expr.of.some((part) => mentions(part, test));
  return test(expr);
}

/** Tells whether the condition asks for the caller's identity. */
export const asksIdentity = (expr: Expr): boolean =>
  mentions(expr, (atom) => (atom.op === 'text' && atom.fact.of === 'peerName') || atom.op === 'identity');

/** The condition names its callers, one by one: by principal, service account or a label of their own. */
export function namesSource(expr: Expr): boolean {
  switch (expr.op) {
    case 'all':
    case 'any':
      return expr.of.some(namesSource);
    case 'text':
      return expr.fact.of === 'peerName' && expr.any.every(({ is }) => is === 'exact' || is === 'serviceAccount');
    case 'identity':
      return expr.end === 'source' && expr.names !== undefined;
    case 'endpoint':
      return expr.end === 'source' && namesPods(expr.selector);
    default:
      return false;
  }
}

function namesPods(selector: LabelExpr): boolean {
  if (selector.op === 'all' || selector.op === 'any') return selector.of.some(namesPods);
  return (
    selector.op === 'in' &&
    !/^(projectcalico\.org\/namespace$|projectcalico\.org\/orchestrator$|pcns\.)/.test(selector.key)
  );
}

/** The condition asks what only an HTTP request has. */
export const asksHttp = (expr: Expr): boolean => mentions(expr, (atom) => atom.op === 'text' && isAsked(atom.fact));
