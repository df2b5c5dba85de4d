/**
 * Files that a start reads because the configuration names them: an upstream CA, and what a decider joins with.
 * @module
 */
import { join } from 'node:path';
import type { Config } from '../../config/config.ts';
import { readUpstream } from '../../identity/authority/issue/upstream-check.ts';
import { readUpstreamFiles } from '../../server/authority/upstream-files.ts';
import { readJoinFile, requireJoinFile } from '../../server/feed/join-file.ts';
import { good, type Outcome } from './outcome.ts';
import { lookAt } from './store.ts';

/** Reads them as a start would. @throws GatehouseError `certificate_invalid`, `config_invalid` */
export async function checkNamedFiles(config: Config): Promise<readonly Outcome[]> {
  const { upstream } = config.authority;
  if (config.roles.includes('authority')) {
    if (upstream === undefined) return [];
    readUpstream(await readUpstreamFiles(upstream), Date.now());
    return [good('upstream', 'the upstream CA can be used')];
  }
  if (!mustJoin(config)) return [];
  const file = requireJoinFile(config);
  readJoinFile(file, config.trustDomain);
  return [good('join-file', `${file} is a file to join with`)];
}

/** One that has run before may have joined, and its file may be gone. */
function mustJoin({ authorityAddresses, dataDir }: Config): boolean {
  return authorityAddresses.some((each) => !each.startsWith('unix:')) && lookAt(join(dataDir, 'kept.db')) === undefined;
}
