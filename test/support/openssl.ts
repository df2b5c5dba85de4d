/**
 * OpenSSL as a judge: what it says of certificates that we made, and what it makes for us to read.
 * @module
 */
import { spawnSync } from 'node:child_process';

export interface OpensslRun {
  readonly ok: boolean;
  /** stdout and stderr together. */
  readonly text: string;
  readonly stdout: Buffer;
}

/** Of `req`: with a new key on P-256 that no passphrase guards. */
export const newEcKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'] as const;

/** Runs `openssl` without a shell. A missing program is a failure, not a skip. */
export function openssl(args: readonly string[], input?: Uint8Array | string): OpensslRun {
  const run = spawnSync('openssl', args, { input: input ?? '' });
  if (run.error) throw run.error;
  return { ok: run.status === 0, text: run.stdout.toString() + run.stderr.toString(), stdout: run.stdout };
}
