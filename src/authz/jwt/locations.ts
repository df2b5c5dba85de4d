/**
 * Where a rule looks for tokens, and what it finds there.
 * @module
 */
import type { TokenRule } from '../../policy/model.ts';
import { tokenPlaces } from '../../policy/token-carriers.ts';
import type { RequestView } from './request-view.ts';
import type { VerificationBudget } from './verification-budget.ts';

/** A token (any bytes) and how it is taken out of the request; cookies stay. */
interface FoundToken {
  readonly text: string;
  removeFrom(view: RequestView): void;
}

/** Finds the tokens of one place, in order; what it finds says nothing once the budget for searching is spent. */
type Location = (view: RequestView, budget: Pick<VerificationBudget, 'allowsSearch'>) => readonly FoundToken[];

/** The places of a rule in Envoy's order: headers by name and prefix, parameters, cookies, each once. */
export function locationsOf(rule: TokenRule): readonly Location[] {
  const { fromHeaders, fromParams, fromCookies } = tokenPlaces(rule);
  const headers = new Map(fromHeaders.map(({ name, prefix }) => [name.toLowerCase() + prefix, { name, prefix }]));
  return [
    ...[...headers]
      .toSorted(([a], [b]) => order(a, b))
      .map(([, { name, prefix }]) => header(name.toLowerCase(), prefix)),
    ...[...new Set(fromParams)].toSorted(order).map(parameter),
    ...[...new Set(fromCookies)].toSorted(order).map(cookie),
  ];
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function header(name: string, prefix: string): Location {
  const removeFrom = (view: RequestView): void => view.removeHeader(name);
  return (view, budget) =>
    view.header(name).flatMap((line) => {
      if (!budget.allowsSearch(line.length)) return [];
      const text = prefix === '' ? line : afterPrefix(line, prefix);
      return text === undefined ? [] : [{ text, removeFrom }];
    });
}

/** What follows the prefix, wherever in the line it stands, from the first character on that a token may have; the line itself if there is none. */
function afterPrefix(line: string, prefix: string): string | undefined {
  const at = line.indexOf(prefix);
  if (at < 0) return undefined;
  const rest = line.slice(at + prefix.length);
  const start = rest.search(/[\w.-]/);
  return start < 0 ? line : rest.slice(start);
}

function parameter(name: string): Location {
  const removeFrom = (view: RequestView): void => view.removeParameter(name);
  return (view) => {
    const text = view.parameter(name);
    return text === undefined ? [] : [{ text, removeFrom }];
  };
}

function cookie(name: string): Location {
  const removeFrom = (): void => undefined;
  return (view) => {
    const text = view.cookie(name);
    return text === undefined ? [] : [{ text, removeFrom }];
  };
}
