/**
 * A request as it changes while its tokens are verified: what jwt_authn removes and adds is seen by the next look at it.
 * @module
 */
import { cookiesOf } from './cookies.ts';
import { parametersOf, queryOf, withoutParameter } from './query.ts';
import type { TokenEffects, TokenRequest } from './token-outcome.ts';

/** Header names are lower-case. */
export interface RequestView {
  header(name: string): readonly string[];
  /** `:path` with its query; undefined if the request has none. */
  readonly path: string | undefined;
  /** Value of the first parameter of that name; undefined if there is none. */
  parameter(name: string): string | undefined;
  /** Value of the first cookie of that name; undefined if there is none. */
  cookie(name: string): string | undefined;
  removeHeader(name: string): void;
  addHeader(name: string, value: string): void;
  removeParameter(name: string): void;
  effects(): TokenEffects;
}

const noLines: readonly string[] = [];
const noPairs: readonly (readonly [string, string])[] = [];
const noEffects: TokenEffects = {
  headersToRemove: noLines,
  headersToSet: noPairs,
  queryParametersToRemove: noLines,
  pathAfter: undefined,
};

/** Looks at `request`, which itself is never changed. */
export function viewRequest(request: TokenRequest): RequestView {
  const path = request.header(':path')[0];
  /** Lines added after a removal, by name. */
  let changed: Map<string, string[]> | undefined;
  let removedParameters: Set<string> | undefined;
  let pathAfter: string | undefined;
  // Many places ask for one each: what holds them all is taken apart once, until it changes.
  let parameters: ReadonlyMap<string, string> | undefined;
  let cookies: ReadonlyMap<string, string> | undefined;
  const header = (name: string): readonly string[] => changed?.get(name) ?? request.header(name);
  const isChanged = (name: string): void => {
    if (name === 'cookie') cookies = undefined;
  };
  return {
    header,
    get path() {
      return pathAfter ?? path;
    },
    parameter(name) {
      parameters ??= parametersOf(queryOf(pathAfter ?? path ?? '') ?? '');
      return parameters.get(name);
    },
    cookie(name) {
      cookies ??= cookiesOf(header('cookie'));
      return cookies.get(name);
    },
    removeHeader(name) {
      changed ??= new Map();
      changed.set(name, []);
      isChanged(name);
    },
    addHeader(name, value) {
      changed ??= new Map();
      const lines = changed.get(name) ?? [...request.header(name)];
      changed.set(name, lines);
      lines.push(value);
      isChanged(name);
    },
    removeParameter(name) {
      const before = pathAfter ?? path;
      if (before === undefined || queryOf(before) === undefined) return;
      pathAfter = withoutParameter(before, name);
      parameters = undefined;
      removedParameters ??= new Set();
      removedParameters.add(name);
    },
    effects() {
      if (changed === undefined && removedParameters === undefined) return noEffects;
      return {
        headersToRemove: changed === undefined ? noLines : [...changed.keys()],
        headersToSet: [...(changed ?? [])].flatMap(([name, lines]) => lines.map((line) => [name, line] as const)),
        queryParametersToRemove: [...(removedParameters ?? [])],
        pathAfter,
      };
    },
  };
}
