/**
 * The entry of the process for public documents: started by the server, ends with it, and holds nothing that is secret but the key
 * of its own certificate.
 * @module
 */
import { keepCompiled } from '../../platform/compile-cache.ts';
import type { ToDocuments } from '../documents/messages.ts';

keepCompiled();
const [{ createDocumentServer }, { dieWithParent, hardenProcess }] = await Promise.all([
  import('../documents/serve-documents.ts'),
  import('../../platform/hardening/harden-process.ts'),
]);

dieWithParent(Number(process.argv[2]));
hardenProcess();
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined); // the server decides
const hear = createDocumentServer((message) => process.send?.(message));
process.on('message', (message) => hear(message as ToDocuments)); // only the server sends
process.on('disconnect', () => process.exit(0));
process.send?.({ kind: 'loaded' });
