/**
 * The two builds that are measured in turn, and what one measurement of one of them is.
 * @module
 */

import { join } from 'node:path';
import { programOf } from '../lib/builds.ts';
import { root } from '../lib/paths.ts';
import type { Settings } from '../lib/settings.ts';

/** The build before edits cost what they change; `--before` names another. */
const BEFORE = 'fb839b8';

export type BuildName = 'before' | 'now';

export interface Build {
  readonly name: BuildName;
  /** Its `dist/main.js`. */
  readonly program: string;
}

export const buildsOf = ({ before }: Settings): readonly Build[] => [
  { name: 'before', program: programOf(before ?? BEFORE) },
  { name: 'now', program: join(root, 'dist/main.js') },
];

/** Measures something of one build once: figures by name, each smaller is better. */
export type Measure = (build: Build, settings: Settings) => Promise<Readonly<Record<string, number>>>;
