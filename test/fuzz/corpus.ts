/**
 * The inputs that are kept: one line of base64 each, a file a target.
 * @module
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = join(import.meta.dirname, '../fixtures/fuzz');
const fileOf = (target: string): string => join(folder, `${target}.txt`);

/** What is kept for a target. */
export function readCorpus(target: string): Buffer[] {
  const file = fileOf(target);
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => Buffer.from(line, 'base64'));
}

/** Longer ones are floods, which are tests of their own. */
const LONGEST_KEPT = 2_048;

/** Keeps exactly `inputs`, the shortest first, without the longest. */
export function writeCorpus(target: string, inputs: readonly Buffer[]): void {
  const kept = inputs.filter(({ length }) => length <= LONGEST_KEPT);
  const lines = kept.toSorted((a, b) => a.length - b.length || a.compare(b)).map((input) => input.toString('base64'));
  mkdirSync(folder, { recursive: true });
  writeFileSync(fileOf(target), `${[...new Set(lines)].join('\n')}\n`);
}
