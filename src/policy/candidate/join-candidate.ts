/**
 * Joins the files of a candidate to what it brings. Pure.
 * @module
 */
import type { Finding } from '../documents/finding.ts';
import { firstErrorPlace } from '../documents/finding.ts';
import { type JoinOptions, loadPolicies } from '../load.ts';
import type { PolicyFile, ReadDocument } from '../read-policies.ts';
import { summaryOf } from '../summary.ts';
import type { CandidateModel } from './candidate-model.ts';

/** What a candidate comes to, or the errors that keep it from being asked. */
export type JoinedCandidate =
  | { readonly ok: true; readonly model: Omit<CandidateModel, 'number'>; readonly summary: string }
  | { readonly ok: false; readonly errors: readonly Finding[] };

const isNamespace = ({ contribution }: ReadDocument): boolean => contribution?.to === 'namespace';

/** @param inForce  files in force: their namespaces name owners of policies */
export function joinCandidate(
  files: readonly PolicyFile[],
  inForce: readonly PolicyFile[],
  options: Omit<JoinOptions, 'generation'>,
): JoinedCandidate {
  const namespaces = inForce.flatMap((file) => {
    const documents = file.documents.filter(isNamespace);
    return documents.length === 0 ? [] : [{ ...file, documents, findings: [], ignores: [], skipped: new Map() }];
  });
  const set = loadPolicies([...files, ...namespaces], { ...options, generation: 0 });
  if (firstErrorPlace(set.findings) !== undefined)
    return { ok: false, errors: set.findings.filter(({ severity }) => severity === 'error') };
  const planes = set.model.planes.filter(({ id }) => id !== 'site');
  const networkSets = set.model.registry?.networkSets ?? [];
  const documents = files.flatMap((file) => file.documents);
  return { ok: true, model: { planes, networkSets }, summary: summaryOf(documents, set.skipped) };
}
