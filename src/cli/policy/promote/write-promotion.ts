/**
 * Writes what brings a candidate in force.
 * @module
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { GatehouseError } from '../../../errors.ts';
import { type FileSets, patchOf, type SetFile } from './file-sets.ts';
import type { Promotion } from './promotion.ts';
import { promotionPage } from './promotion-text.ts';

interface WriteFlags {
  readonly write?: string;
  readonly patch?: string;
}

/**
 * Writes a directory, a patch, both or nothing; a directory is there as a whole or not at all.
 *
 * @returns what was written
 * @throws GatehouseError `exists` where the directory holds something already; `not_supported` where a patch cannot say it
 */
export function writePromotion(
  { document }: Promotion,
  sets: FileSets,
  { write, patch }: WriteFlags,
): readonly string[] {
  const patchText = patch === undefined ? undefined : patchOf(sets);
  if (write !== undefined) writeDirectory(resolve(write), sets, promotionPage(document, new Date().toISOString()));
  if (patch !== undefined && patchText !== undefined) writeFileSync(patch, patchText);
  return [...(write === undefined ? [] : [write]), ...(patch === undefined ? [] : [patch])];
}

function writeDirectory(target: string, sets: FileSets, page: string): void {
  if (existsSync(target) && readdirSync(target).length > 0)
    throw new GatehouseError('config_invalid', `--write: ${target} holds something already; name a new directory`);
  mkdirSync(dirname(target), { recursive: true });
  const made = mkdtempSync(join(dirname(target), `.${basename(target)}-`));
  try {
    for (const file of sets.candidate) {
      const place = join(made, nameOf(file, sets));
      mkdirSync(dirname(place), { recursive: true });
      writeFileSync(place, file.text);
    }
    writeFileSync(join(made, 'PROMOTION.md'), page);
    renameSync(made, target);
  } catch (thrown) {
    rmSync(made, { recursive: true, force: true });
    throw thrown;
  }
}

/** Under the name of its path in force where there is one for each, else under a number. */
function nameOf({ path, name }: SetFile, { config }: FileSets): string {
  const { paths, candidate } = config.policies;
  const own = paths.length === candidate.paths.length ? basename(paths[path]!.path) : String(path); // as many
  const isTwice = paths.filter((each) => basename(each.path) === own).length > 1;
  return join(isTwice ? `${path}-${own}` : own, name);
}
