/**
 * What it costs an Envoy to decide itself: the filter, its memory, whole requests.
 *
 * Nine rounds with `--full`, otherwise as many as `--rounds` says; `--rounds 1 --seconds 1` is a quick look.
 * @module
 */
import { buildLoadClient } from '../lib/build-peers.ts';
import type { Section } from '../lib/figures.ts';
import type { Settings } from '../lib/settings.ts';
import { filterAlone } from './filter-alone.ts';
import { filterMemory } from './filter-memory.ts';
import { wholeRequests } from './whole-requests.ts';

const FULL_ROUNDS = 9;

/** Measures everything, in less than six minutes. */
export async function nativeEnvoy(settings: Settings): Promise<readonly Section[]> {
  await buildLoadClient();
  const rounds = settings.isFull ? Math.max(FULL_ROUNDS, settings.rounds) : settings.rounds;
  return [
    await filterAlone({ ...settings, rounds }),
    await filterMemory(),
    ...(await wholeRequests({ ...settings, rounds })),
  ];
}
