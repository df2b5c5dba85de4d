/**
 * `/v1/policies/file`: the text of a file of which policies, or findings, are known.
 * @module
 */
import { GatehouseError } from '../../../errors.ts';
import { readRegularFileSync } from '../../../lib/regular-file.ts';
import { MAX_FILE_BYTES } from '../../../policy/read-policies.ts';
import { seesFile } from '../access/narrow-policies.ts';
import { notInSight } from '../access/sight.ts';
import type { AdminDeps } from '../admin-deps.ts';
import type { AdminHandler, ScopedHandler } from '../admin-handler.ts';

/** A file that policies in force, or findings, name; any other is not known, whatever lies there. */
export const policyFile: AdminHandler<'GET /v1/policies/file'> = ({ asked: { file } }, deps) => {
  if (!isKnown(file, deps)) throw new GatehouseError('not_found', `no policy in force, and no finding, is of ${file}`);
  return { file, text: textOf(file) };
};

/** The same, of the paths that are confined to his namespaces. */
export const policyFileIn: ScopedHandler<'GET /v1/policies/file'> = ({ who, asked, sight }, deps) => {
  if (!seesFile(asked.file, sight, deps.config().policies.paths)) throw notInSight(sight, 'that file');
  return policyFile({ who, asked }, deps);
};

function isKnown(file: string, { policies }: Pick<AdminDeps, 'policies'>): boolean {
  const { inForce, findings } = policies.current.value;
  return inForce.some((each) => each.file === file) || findings.some((each) => each.file === file);
}

function textOf(file: string): string {
  try {
    return readRegularFileSync(file, MAX_FILE_BYTES).toString('utf8');
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new GatehouseError('not_found', `the text of ${file} cannot be read now: ${why}`, { file });
  }
}
