/**
 * How far two versions are apart.
 * @module
 */

/** The most significant part in which they differ; `unknown` where one of them is no version. */
export type Skew = 'none' | 'patch' | 'minor' | 'major' | 'unknown';

const PATTERN = /^(\d+)\.(\d+)\.(\d+)(?:[-+].*)?$/;

/** Compares two versions as semantic versioning has them. */
export function skewOf(client: string, server: string | undefined): Skew {
  if (client === server) return 'none';
  const [mine, theirs] = [PATTERN.exec(client), PATTERN.exec(server ?? '')];
  if (mine === null || theirs === null) return 'unknown';
  const parts = ['major', 'minor', 'patch'] as const;
  return parts.find((_, i) => mine[i + 1] !== theirs[i + 1]) ?? 'patch';
}
