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
  | { readonly ok: false; readonly findings: readonly ConfigFinding[] };

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
  if (yaml.errors.length > 0) {
    const findings = yaml.errors.map(({ place, message }) => ({
      ...found({ code: 'yaml', path: [], message, fix: 'mend the YAML' }),
      ...place,
    }));
    return { ok: false, findings };
  }
  const parsed = documentSchema.safeParse(yaml.content ?? {}, { reportInput: true });
  if (!parsed.success) {
    return { ok: false, findings: inOrder(parsed.error.issues.flatMap(problemsOf).map(found)) };
  }
  const config = resolveConfig(parsed.data, file, (path) => `${file}:${yaml.placeOf(path).line}`);
  const problems = ruleProblems(config);
  if (problems.length > 0) return { ok: false, findings: inOrder(problems.map(found)) };
  return { ok: true, config: deepFreeze(config), document: parsed.data };
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
