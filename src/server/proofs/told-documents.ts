/**
 * What a proving thread holds already: of files that differ in one document, one document is sent.
 * @module
 */
import type { PolicyFile, ReadDocument } from '../../policy/read-policies.ts';
import type { ProofOrder } from './proof-order.ts';

/** Numbers documents as they are told. */
export interface ToldDocuments {
  /** What to send of files; from now on the thread holds the documents of these, and no others. */
  told(files: readonly PolicyFile[]): Pick<ProofOrder, 'documents' | 'files'>;
}

/** Starts with a thread that holds nothing. */
export function createToldDocuments(): ToldDocuments {
  let held = new Map<ReadDocument, number>();
  let next = 0;
  return {
    told(files) {
      const documents: [number, ReadDocument][] = [];
      const now = new Map<ReadDocument, number>();
      const numbered = files.map(({ file, documents: own }) => ({
        file,
        documents: own.map((document) => {
          const known = now.get(document) ?? held.get(document);
          const number = known ?? next++;
          if (known === undefined) documents.push([number, document]);
          now.set(document, number);
          return number;
        }),
      }));
      held = now;
      return { documents, files: numbered };
    },
  };
}
