/**
 * The texts of policy files, read when they are asked for; each document opened once.
 * @module
 */
import type { PolicyRef } from '../../policy/model.ts';
import { type OpenDocument, openDocument } from './open-document.ts';

/** The policy files, as sources of documents. */
export interface PolicyFiles {
  /** The text of a file as it is now; undefined if it cannot be read. */
  text(file: string): string | undefined;
  /** The document of a policy; undefined if its file does not hold it. */
  open(file: string, ref: PolicyRef): OpenDocument | undefined;
}

/** Reads files by `read`, each at most once. */
export function createPolicyFiles(read: (file: string) => string | undefined): PolicyFiles {
  const texts = new Map<string, string | undefined>();
  const documents = new Map<string, OpenDocument | undefined>();
  const text = (file: string): string | undefined => {
    if (!texts.has(file)) texts.set(file, read(file));
    return texts.get(file);
  };
  return {
    text,
    open(file, ref) {
      const key = JSON.stringify([file, ref.kind, ref.namespace, ref.name]);
      if (!documents.has(key)) {
        const content = text(file);
        documents.set(key, content === undefined ? undefined : openDocument(file, content, ref));
      }
      return documents.get(key);
    },
  };
}
