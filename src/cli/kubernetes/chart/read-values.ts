/**
 * Values as they are given: files, later ones over earlier ones, then flags.
 * @module
 */
import { parseDocument } from 'yaml';
import { GatehouseError } from '../../../errors.ts';
import { readRegularFileSync } from '../../../lib/regular-file.ts';
import { applySet, isMap } from './set-flags.ts';
import { type Values, valuesSchema } from './values.ts';

const MOST_BYTES = 1024 * 1024;

/** Reads them and fills in what is not said. @throws GatehouseError `config_invalid`, with all that is wrong */
export function readValues(files: readonly string[], sets: readonly string[]): Values {
  let given: Record<string, unknown> = {};
  for (const file of files) given = over(given, readFile(file));
  for (const flag of sets) applySet(given, flag);
  const read = valuesSchema.safeParse(withoutNulls(over(valuesSchema.parse({}), given)));
  if (read.success) return read.data;
  const problems = read.error.issues.map(({ path, message }) => `${path.join('.') || 'values'}: ${message}`);
  throw new GatehouseError('config_invalid', `these values do not hold: ${problems.join('; ')}`, { problems });
}

function readFile(file: string): Record<string, unknown> {
  const refuse = (why: string, cause?: unknown): GatehouseError =>
    new GatehouseError('config_invalid', `--values ${file} ${why}`, { file }, { cause });
  let text: string;
  try {
    text = readRegularFileSync(file, MOST_BYTES).toString('utf8');
  } catch (thrown) {
    throw refuse('cannot be read', thrown);
  }
  const parsed = parseDocument(text);
  const [first] = parsed.errors;
  if (first !== undefined) throw refuse(`is no YAML: ${first.message}`);
  const values: unknown = parsed.toJS() ?? {};
  if (!isMap(values)) throw refuse('is no map of values');
  return values;
}

function over(below: Record<string, unknown>, above: Record<string, unknown>): Record<string, unknown> {
  const merged = { ...below };
  for (const [key, each] of Object.entries(above)) {
    const old = merged[key];
    merged[key] = isMap(old) && isMap(each) ? over(old, each) : each;
  }
  return merged;
}

/** Null takes away what holds where nothing is said, and below `config` a key of gatehouse.yaml. */
function withoutNulls(values: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(values).flatMap(([key, each]): [string, unknown][] => {
    if (each === null) return [];
    return [[key, isMap(each) && key !== 'config' ? withoutNulls(each) : each]];
  });
  return Object.fromEntries(entries);
}
