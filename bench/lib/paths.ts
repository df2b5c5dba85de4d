/**
 * Where the bench finds and puts things.
 * @module
 */
import { accessSync, constants } from 'node:fs';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
/** Programs that were built, policies, certificates, logs; `BENCH_CACHE` puts it elsewhere. */
export const cache = process.env['BENCH_CACHE'] ?? join(root, '.cache/bench');
export const bin = join(cache, 'bin');
export const rust = join(cache, 'cargo/release');
export const sources = join(root, 'bench/peers');

/** The path of a program: as it is given, or found on PATH. */
export function programAt(name: string): string | undefined {
  if (name === '') return undefined;
  const places = isAbsolute(name)
    ? [name]
    : (process.env['PATH'] ?? '').split(delimiter).map((place) => join(place, name));
  return places.find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
