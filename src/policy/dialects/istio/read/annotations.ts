/**
 * Annotations of Istio's security documents.
 * @module
 */
import type { PolicyDocument } from '../../../documents/document.ts';
import type { Reporter } from '../../../documents/finding.ts';

const DRY_RUN = 'istio.io/dry-run';

const reserved = [
  'internal.istio.io/webhook-always-reject',
  'internal.istio.io/parents',
  'internal.istio.io/parent-namespace',
];

const truths = ['1', 't', 'T', 'TRUE', 'true', 'True'];
const falsehoods = ['0', 'f', 'F', 'FALSE', 'false', 'False'];

/** Refuses annotations that only Istio itself may set. */
export function checkReservedAnnotations(document: PolicyDocument, report: Reporter): void {
  for (const name of reserved) {
    const annotation = document.annotations.get(name);
    if (annotation === undefined) continue;
    report.error(
      annotation,
      'annotation-reserved',
      `metadata.annotations.${name}`,
      `${name} is for Istio's own use`,
      'remove it',
    );
  }
}

/** Refuses the dry-run annotation on a kind that does not know it. */
export function refuseDryRun(document: PolicyDocument, report: Reporter): void {
  const annotation = document.annotations.get(DRY_RUN);
  if (annotation === undefined) return;
  const message = `only an AuthorizationPolicy can be a dry run, not a ${document.kind}`;
  report.error(annotation, 'dry-run-kind', `metadata.annotations.${DRY_RUN}`, message, 'remove the annotation');
}

/** Whether an AuthorizationPolicy is a dry run. */
export function dryRunOf(document: PolicyDocument, action: string, report: Reporter): boolean {
  const annotation = document.annotations.get(DRY_RUN);
  if (annotation === undefined) return false;
  const path = `metadata.annotations.${DRY_RUN}`;
  if (action !== 'ALLOW' && action !== 'DENY') {
    report.error(
      annotation,
      'dry-run-action',
      path,
      `${action} cannot be a dry run, only ALLOW and DENY can`,
      'remove the annotation',
    );
    return false;
  }
  if (truths.includes(annotation.text)) return true;
  if (!falsehoods.includes(annotation.text)) {
    report.error(
      annotation,
      'dry-run-value',
      path,
      `${JSON.stringify(annotation.text)} is neither true nor false`,
      'write "true" or "false"',
    );
  }
  return false;
}
