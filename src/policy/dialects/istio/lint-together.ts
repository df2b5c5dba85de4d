/**
 * What only all Istio documents together show.
 * @module
 */
import type { Finding } from '../../documents/finding.ts';
import type { Plane } from '../../model.ts';

export function lintTogether(_plane: Plane, _rootNamespace: string): readonly Finding[] {
  return [];
}
