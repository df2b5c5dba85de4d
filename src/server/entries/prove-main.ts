/**
 * The entry of the proving thread: beside everything that must not wait for it, and after it where the machine is busy.
 * @module
 */
import { setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import type { ProofOrder } from '../proofs/proof-order.ts';
import { createProver } from '../proofs/prover.ts';

try {
  if (process.platform === 'linux') setPriority(0, 10); // of this thread: the kernel has a niceness for each
} catch {
  // It goes on as it is.
}

const answer = createProver();
parentPort?.on('message', (order: ProofOrder) => parentPort?.postMessage(answer(order)));
