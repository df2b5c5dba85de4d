/**
 * The entry of the signing process: the only one that loads a PKCS#11 module, so that what fails in there takes nothing with it.
 * @module
 */
import { keepCompiled } from '../../platform/compile-cache.ts';
import type { ToToken } from '../token/messages.ts';

keepCompiled();
const [{ createTokenServer }, { loadModule }, { dieWithParent, hardenProcess }] = await Promise.all([
  import('../token/serve-token.ts'),
  import('../../platform/pkcs11/load-module.ts'),
  import('../../platform/hardening/harden-process.ts'),
]);

dieWithParent(Number(process.argv[2]));
hardenProcess();
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined); // the server decides
const hear = createTokenServer(loadModule, (message) => process.send?.(message));
process.on('message', (message) => hear(message as ToToken)); // only the server sends
process.on('disconnect', () => process.exit(0));
process.send?.({ kind: 'loaded' });
