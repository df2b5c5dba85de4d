/**
 * Runs a file of policy tests against one set of policies.
 * @module
 */

import type { RequestForm } from '../../admin-api/request-form.ts';
import type { RedactedTokens } from '../../authz/record/redacted-decision.ts';
import { asGatehouseError } from '../../errors.ts';
import { type ExplainDeps, explain } from '../explain.ts';
import { type FormFault, faultsOf } from '../read-form.ts';
import { runTest, type TestResult } from './run-test.ts';
import { type TestCase, type TestFile, testCase } from './test-form.ts';
import { createTestSigner, type TestSigner } from './test-token.ts';

/** What the tests are asked of, at a time, with what became of a token. */
export type DepsOf = (question: {
  readonly nowMs: number;
  readonly caller: { readonly local: true };
  readonly tokens?: RedactedTokens;
}) => ExplainDeps;

/** Runs all of them, in order; a test that cannot be run has failed. */
export function runTestFile(file: TestFile, depsOf: DepsOf): TestResult[] {
  return [...runTests(file, depsOf, explain)];
}

/** Tells whether one of them fails; nothing is explained. */
export function noticesIn(file: TestFile, depsOf: DepsOf): boolean {
  return runTests(file, depsOf, () => undefined).some(({ passed }) => !passed);
}

/** What is wrong with the requests of the tests; the place of what `defaults` gives is there. */
export function requestFaults({ tests, defaults }: TestFile): readonly FormFault[] {
  const { request: schema } = testCase.shape;
  return tests.flatMap(({ request }, i) => {
    const issues = schema.safeParse(merged(request, defaults)).error?.issues ?? [];
    return issues
      .flatMap((issue) => faultsOf(issue, schema))
      .map((fault) => ({
        ...fault,
        path: [...(isOwn(fault, request) ? ['tests', i, 'request'] : ['defaults']), ...fault.path],
      }));
  });
}

/** Whether the test itself says what is wrong. */
function isOwn({ path, key }: FormFault, request: Loose): boolean {
  let at: unknown = request;
  for (const step of key === undefined ? path : [...path, key]) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return path.length === 0;
    at = (at as Record<string | number, unknown>)[step]; // an object, as was just seen
  }
  return true;
}

/** The request of a test, over what every request of its file has; undefined if it is none. */
export function requestsOf({ tests, defaults }: TestFile): readonly RequestForm[] {
  return tests.flatMap(({ request }) => {
    const read = testCase.shape.request.safeParse(merged(request, defaults));
    return read.success ? [read.data] : [];
  });
}

type Why = typeof explain | (() => undefined);

function* runTests({ tests, defaults, now }: TestFile, depsOf: DepsOf, why: Why): Generator<TestResult, undefined> {
  const signer = createTestSigner();
  for (const written of tests) {
    const { name, request } = written;
    try {
      const test = testCase.parse({ ...written, request: merged(request, defaults) });
      yield runOne(test, { depsOf, signer, why, at: test.now ?? now });
    } catch (thrown) {
      const { message } = asGatehouseError(thrown);
      const difference = { of: 'test', want: 'a test that can be run', got: message };
      yield { name, passed: false, differences: [difference], explanation: undefined, decided: [], held: [] };
    }
  }
}

interface Runner {
  readonly depsOf: DepsOf;
  readonly signer: TestSigner;
  readonly why: Why;
  /** When it is asked; undefined: now. */
  readonly at: string | undefined;
}

function runOne(test: TestCase, { depsOf, signer, why, at }: Runner): TestResult {
  const question = { nowMs: at === undefined ? Date.now() : Date.parse(at), caller: { local: true } as const };
  const { token } = test;
  if (token !== undefined && 'rejected' in token) {
    const tokens = { outcome: 'rejected', ...token.rejected, details: '' } as const;
    return runTest(test, depsOf({ ...question, tokens }), why);
  }
  const deps = depsOf(question);
  if (token === undefined) return runTest(test, deps, why);
  const { model, state } = deps;
  const request = signer.withToken(test.request, token.claims, model);
  const keySets = signer.keySets(model, state.keySets);
  return runTest(
    { ...test, request: testCase.shape.request.parse(request) },
    { ...deps, state: { ...state, keySets } },
    why,
  );
}

type Loose = Readonly<Record<string, unknown>>;

/** The request, over what every request of the file has. */
function merged(request: Loose, defaults: TestFile['defaults']): RequestForm {
  const part = (name: 'source' | 'destination' | 'http') => {
    const [own, usual] = [request[name], defaults?.[name]];
    if (own === undefined) return usual === undefined ? {} : { [name]: usual };
    if (typeof own !== 'object' || Array.isArray(own)) return { [name]: own };
    return { [name]: { ...usual, ...(own as Loose) } };
  };
  return { ...request, ...part('source'), ...part('destination'), ...part('http') }; // the schema checks it next
}
