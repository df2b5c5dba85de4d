/**
 * The entry of a decider process: started by the primary, ends with it, and listens to nobody else.
 * @module
 */
import type { Socket } from 'node:net';
import { keepCompiled } from '../../platform/compile-cache.ts';
import type { ToDecider } from '../decider/messages.ts';

keepCompiled();
const [{ createDecider }, { warmUp }, { dieWithParent, hardenProcess }] = await Promise.all([
  import('../decider/decider.ts'),
  import('../decider/warm-up/warm-up.ts'),
  import('../../platform/hardening/harden-process.ts'),
]);

dieWithParent(Number(process.argv[2]));
hardenProcess();
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined); // the primary decides
await warmUp(); // what the primary says meanwhile waits
const decider = createDecider((message) => process.send?.(message));
process.on('message', (message, socket) => decider.hear(message as ToDecider, socket as Socket | undefined)); // only the primary sends
process.on('disconnect', () => process.exit(0));
process.send?.({ kind: 'loaded' });
