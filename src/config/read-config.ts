/**
 * Reads `gatehouse.yaml`: YAML → schema → values → rules. All problems are told at once, each with its place.
 * @module
 */
import { resolve } from 'node:path';
import { GatehouseError } from '../errors.ts';
import { oneLine } from '../lib/printable.ts';
import { FileRefused, readRegularFileSync } from '../lib/regular-file.ts';
import type { Config } from './config.ts';
import { type ConfigFinding, type Problem, textOfFinding, textOfPath } from './finding.ts';
import { withoutEmptyListeners } from './listeners/empty.ts';
import { problemsOf } from './problems.ts';
import { resolveConfig } from './resolve.ts';
import { ruleProblems } from './rules.ts';
import { type ConfigDocument, documentSchema } from './schema.ts';
import { parsePlacedYaml } from './yaml-places.ts';

/** A configuration is written by hand. */
const MOST_BYTES = 16 * 1024 * 1024;

/** A configuration, or everything that is wrong with it. */
export type ConfigReading =
  /** `document` is what the file says with defaults filled in. */
  | { readonly ok: true; readonly config: Config; readonly document: ConfigDocument }
  | {
      readonly ok: false;
      readonly findings: readonly ConfigFinding[];
      /** The file without what is wrong, to look further; never to be served. Undefined if nothing can be made of it. */
      readonly rest: RestOfConfig | undefined;
    };

/** A configuration with the defaults in place of what is wrong. */
export interface RestOfConfig {
  readonly config: Config;
  /** Keys of the file under which something is wrong: what they say is not known. */
  readonly without: readonly string[];
}

/**
 * Reads a configuration file.
 *
 * @throws GatehouseError `config_invalid` if there is no such file or it cannot be read; what is wrong in it is returned
 */
export function readConfigFile(file: string): ConfigReading {
  const absolute = resolve(file);
  let text: string;
  try {
    text = readRegularFileSync(absolute, MOST_BYTES).toString('utf8');
  } catch (thrown) {
    const code = (thrown as NodeJS.ErrnoException).code ?? String(thrown); // fs throws nothing else
    const why = thrown instanceof FileRefused ? thrown.message : code === 'ENOENT' ? 'there is no such file' : code;
    throw new GatehouseError('config_invalid', `cannot read the configuration ${absolute}: ${why}`, { file: absolute });
  }
  return readConfig(text, absolute);
}

/** Reads a configuration from text; `file` is absolute, names its place, and anchors relative paths. */
export function readConfig(text: string, file: string): ConfigReading {
  const yaml = parsePlacedYaml(text);
  const found = (problem: Problem): ConfigFinding => ({
    file,
    ...yaml.placeOf(problem.path, problem.key),
    severity: 'error',
    code: problem.code,
    path: textOfPath(problem.key === undefined ? problem.path : [...problem.path, problem.key]),
    message: problem.message,
    fix: problem.fix,
  });
  const originOf = (path: readonly (string | number)[]): string => `${file}:${yaml.placeOf(path).line}`;
  if (yaml.errors.length > 0) {
    const findings = yaml.errors.map(({ place, message }) => ({
      ...found({ code: 'yaml', path: [], message, fix: 'mend the YAML' }),
      ...place,
    }));
    return { ok: false, findings, rest: undefined };
  }
  const content = withoutEmptyListeners(yaml.content ?? {});
  const parsed = documentSchema.safeParse(content, { reportInput: true });
  if (!parsed.success) {
    const problems = parsed.error.issues.flatMap(problemsOf);
    const rest = restOf(content, problems, (document) => resolveConfig(document, file, originOf));
    return { ok: false, findings: inOrder(problems.map(found)), rest };
  }
  const config = resolveConfig(parsed.data, file, originOf);
  const problems = ruleProblems(config);
  if (problems.length > 0) {
    const without = problems.map(({ path: [key] }) => String(key));
    return { ok: false, findings: inOrder(problems.map(found)), rest: { config, without } };
  }
  return { ok: true, config: deepFreeze(config), document: parsed.data };
}

/** Leaves out keys that are not known, and whole keys of the file under which anything else is wrong. */
function restOf(
  content: unknown,
  problems: readonly Problem[],
  resolved: (document: ConfigDocument) => Config,
): RestOfConfig | undefined {
  const left: unknown = structuredClone(content);
  const without = new Set<string>();
  for (const { path, key } of problems) {
    const [top] = path;
    if (key === undefined && top !== undefined) without.add(String(top));
    let at = left;
    for (const part of path) at = typeof at === 'object' && at !== null ? Reflect.get(at, part) : undefined;
    if (key !== undefined && typeof at === 'object' && at !== null) Reflect.deleteProperty(at, key);
  }
  if (typeof left !== 'object' || left === null) return undefined;
  for (const key of without) Reflect.deleteProperty(left, key);
  const parsed = documentSchema.safeParse(left);
  return parsed.success ? { config: resolved(parsed.data), without: [...without] } : undefined;
}

/** Reads a configuration file that must be good. @throws GatehouseError `config_invalid`, one line a problem in its message */
export function loadConfig(file: string): Config {
  const reading = readConfigFile(file);
  if (reading.ok) return reading.config;
  throw findingsError(reading.findings);
}

/** The findings of a bad configuration as an error: one line each in its message, all of them in its details. */
export function findingsError(findings: readonly ConfigFinding[]): GatehouseError {
  return new GatehouseError('config_invalid', findings.map((each) => oneLine(textOfFinding(each))).join('\n'), {
    findings,
  });
}

function inOrder(findings: ConfigFinding[]): ConfigFinding[] {
  return findings.sort((a, b) => a.line - b.line || a.column - b.column);
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}
