/**
 * All that can be fuzzed, by name.
 * @module
 */
import type { FuzzTarget } from '../target.ts';
import { checkTarget } from './check-target.ts';
import { hpackTarget } from './hpack-target.ts';
import { httpTarget } from './http-target.ts';
import { laneTarget } from './lane-target.ts';
import { logTarget } from './log-target.ts';
import { wordsTarget } from './words-target.ts';

export const targets: readonly FuzzTarget[] = [
  laneTarget,
  hpackTarget,
  checkTarget,
  httpTarget,
  wordsTarget,
  logTarget,
];

/** @throws Error that names those there are */
export function targetNamed(name: string): FuzzTarget {
  const found = targets.find((target) => target.name === name);
  if (found === undefined)
    throw new Error(`no target ${name}: there are ${targets.map((each) => each.name).join(', ')}`);
  return found;
}
