/**
 * The version of the program.
 * @module
 */
import { readFileSync } from 'node:fs';

/** Reads it from package.json, which stands two folders above this file, built or not. */
export function programVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  }; // our own file
  return version;
}
