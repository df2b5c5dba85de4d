/**
 * Builds the peers that are not built yet. What cannot be built is missing, and its row will say so.
 * @module
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { bin, programAt, sources } from './paths.ts';
import { buildSteps, missing, peers, type Step } from './peers.ts';
import { alone } from './quiet.ts';
import { run } from './run.ts';

export async function buildPeers(): Promise<void> {
  for (const step of buildSteps) await build(step);
  for (const peer of peers) {
    const absent = missing(peer);
    if (absent !== undefined) process.stderr.write(`  ${peer.name} will not run: ${absent}\n`);
  }
}

/** Builds only what loads Envoys. */
export async function buildLoadClient(): Promise<void> {
  for (const step of buildSteps.filter(({ folder }) => folder === 'rust')) await build(step);
}

async function build({ what, gives, folder, command, env }: Step): Promise<void> {
  mkdirSync(bin, { recursive: true });
  if (programAt(gives) !== undefined) return;
  process.stderr.write(`building ${what}\n`);
  const { ok, stderr } = await alone(() => run(command, { cwd: join(sources, folder), ...(env && { env }) }), true);
  if (!ok) process.stderr.write(`  not built: ${stderr.trim().slice(-400)}\n`);
}
