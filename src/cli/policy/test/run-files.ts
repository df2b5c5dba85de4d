/**
 * Runs files of policy tests, each against the policies that it names, or that the command line names.
 * @module
 */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type Coverage, coverageOf, type RuleCoverage } from '../../../analysis/policy-test/coverage.ts';
import { type DepsOf, requestFaults, runTestFile } from '../../../analysis/policy-test/run-file.ts';
import type { TestResult } from '../../../analysis/policy-test/run-test.ts';
import { type TestFile, testFile } from '../../../analysis/policy-test/test-form.ts';
import { faultsOf } from '../../../analysis/read-form.ts';
import { parsePlacedYaml } from '../../../config/yaml-places.ts';
import { GatehouseError } from '../../../errors.ts';
import { oneLine } from '../../../lib/printable.ts';
import type { PolicyModel } from '../../../policy/model.ts';
import { offlineState } from '../../../server/explain/explain-offline.ts';
import { explainDeps } from '../../../server/explain/explainer.ts';
import { type AskedFlags, configOf } from '../explain/asked.ts';
import type { MutantSubject } from './run-mutants.ts';

/** Which policies count, in place of what the files name. */
export interface TestRunFlags {
  readonly config?: string;
  readonly policies?: readonly string[];
  readonly registry?: readonly string[];
  readonly defaultNamespace?: string;
}

/** The JSON of `policy test`. */
export interface TestRun {
  readonly passed: number;
  readonly failed: number;
  readonly files: readonly { readonly file: string; readonly tests: readonly TestResult[] }[];
  readonly coverage: Coverage;
}

/** Reads the policies that files of tests are about, each with its tests. @throws GatehouseError as `runFiles` */
export async function mutantSubjects(files: readonly string[], flags: TestRunFlags): Promise<readonly MutantSubject[]> {
  const asked = files.map((file) => {
    const tests = readTestFile(file);
    return { tests, flags: askedOf(tests, file, flags) };
  });
  const groups = Map.groupBy(asked, (each) => JSON.stringify(each.flags));
  return Promise.all(
    [...groups.values()].map(async (some) => ({
      state: await offlineState(await configOf(some[0]!.flags)), // a group has members
      tests: some.map(({ tests }) => tests),
    })),
  );
}

interface Subject {
  readonly model: PolicyModel;
  readonly depsOf: DepsOf;
  readonly results: TestResult[];
}

/** Runs them in order. @throws GatehouseError `message_invalid`, `not_found`, `config_invalid`, `policy_invalid` */
export async function runFiles(files: readonly string[], flags: TestRunFlags): Promise<TestRun> {
  const subjects = new Map<string, Promise<Subject>>();
  const ran = [];
  for (const file of files) {
    const tests = readTestFile(file);
    const asked = askedOf(tests, file, flags);
    const key = JSON.stringify(asked);
    const made = subjects.get(key) ?? subjectOf(asked);
    subjects.set(key, made);
    const { depsOf, results } = await made;
    const own = runTestFile(tests, depsOf);
    results.push(...own);
    ran.push({ file, tests: own });
  }
  const all = ran.flatMap(({ tests }) => tests);
  const failed = all.filter(({ passed }) => !passed).length;
  const coverages = await Promise.all(
    [...subjects.values()].map(async (each) => each.then(({ model, results }) => coverageOf(model, results))),
  );
  return { passed: all.length - failed, failed, files: ran, coverage: joined(coverages) };
}

async function subjectOf(asked: AskedFlags): Promise<Subject> {
  const state = await offlineState(await configOf(asked));
  return { model: state.model, depsOf: await explainDeps(state), results: [] };
}

/** What the command line names goes before what the file names. */
function askedOf({ config, policies, registry, trustDomain }: TestFile, file: string, flags: TestRunFlags): AskedFlags {
  const near = (path: string): string => resolve(dirname(file), path);
  const told = flags.config ?? (config === undefined ? undefined : near(config));
  const paths = flags.policies ?? (flags.config === undefined ? policies?.map(near) : undefined);
  const places = flags.registry ?? (flags.config === undefined ? registry?.map(near) : undefined);
  if (told === undefined && paths === undefined)
    throw new GatehouseError(
      'message_invalid',
      `${file} names neither config nor policies: add one, or give --config or --policies`,
      { file },
    );
  return {
    ...(told !== undefined && { config: resolve(told) }),
    ...(paths && { policies: paths }),
    ...(places && { registry: places }),
    ...(trustDomain !== undefined && { trustDomain }),
    ...(flags.defaultNamespace !== undefined && { defaultNamespace: flags.defaultNamespace }),
  };
}

function readTestFile(file: string): TestFile {
  const yaml = parsePlacedYaml(textOf(file));
  const [broken] = yaml.errors;
  if (broken !== undefined)
    throw refused(`${file}:${broken.place.line}:${broken.place.column}: ${broken.message}`, file);
  const parsed = testFile.safeParse(yaml.content ?? {});
  const faults = parsed.success
    ? requestFaults(parsed.data)
    : parsed.error.issues.flatMap((issue) => faultsOf(issue, testFile));
  if (parsed.success && faults.length === 0) return parsed.data;
  const problems = faults.map(({ path, key, message }) => {
    const { line, column } = yaml.placeOf(path, key);
    return `${file}:${line}:${column}: ${path.join('.') || 'file'}: ${message}`;
  });
  throw refused(problems.map(oneLine).join('\n'), file, problems);
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (thrown) {
    const code = (thrown as NodeJS.ErrnoException).code ?? ''; // readFileSync throws nothing else
    throw new GatehouseError(
      'not_found',
      `${file} ${code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`}`,
      { file },
    );
  }
}

/** @param findings  where there are several, one a line */
const refused = (message: string, file: string, findings?: readonly string[]): GatehouseError =>
  new GatehouseError('message_invalid', message, { file, ...(findings && { findings }) });

function joined(coverages: readonly Coverage[]): Coverage {
  const [only] = coverages;
  if (coverages.length === 1 && only !== undefined) return only;
  const rules: RuleCoverage[] = coverages.flatMap((each) => each.rules);
  const covered = rules.filter(({ decided }) => decided > 0).length;
  return { rules, percent: rules.length === 0 ? 100 : Math.floor((covered * 1000) / rules.length) / 10 };
}
