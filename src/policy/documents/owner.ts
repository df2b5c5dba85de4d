/**
 * Who answers for a document, where it says so itself.
 * @module
 */
import type { PolicyDocument } from './document.ts';

const OWNER = 'gatehouse.dev/owner';

/** The document's `gatehouse.dev/owner` annotation; empty without one. */
export function ownerOf({ annotations }: Pick<PolicyDocument, 'annotations'>): string {
  return annotations.get(OWNER)?.text ?? '';
}
