/**
 * What a check looks at without asking a server.
 * @module
 */
import type { Config } from '../../config/config.ts';
import { createAccounts } from '../../lib/accounts.ts';
import { checkClock } from './clock.ts';
import { checkEntries } from './entries.ts';
import { checkNamedFiles } from './named-files.ts';
import { type Look, type Section, section } from './outcome.ts';
import { checkPolicyFiles } from './policies.ts';
import { checkSocketOwners, checkSockets } from './sockets.ts';
import { checkDataDir, checkKeys, checkStore } from './store.ts';

/** One subject. */
interface Subject {
  readonly name: string;
  readonly look: Look;
  /** Keys of the configuration that it goes by. */
  readonly by: readonly string[];
}

/** Looks at everything, in the order in which a start meets it. @param runs  whether the server has been seen to run */
export function lookOffline(config: Config, runs: boolean): Promise<readonly Section[]> {
  const ofMachine: readonly Subject[] = [
    { name: 'clock', look: () => checkClock(config, Date.now()), by: [] },
    { name: 'sockets', look: () => checkSockets(config, createAccounts(), runs), by: [] },
  ];
  return lookAtAll(configured(config).flatMap((each) => (each.name === 'sockets' ? ofMachine : [each])));
}

/**
 * Looks at what says whether the configuration is good, whatever runs on this machine now: no clock, no listener and no database is
 * asked.
 *
 * @param without  keys of the configuration whose values are not known
 */
export function lookConfigured(config: Config, without: readonly string[]): Promise<readonly Section[]> {
  const asked = config.store.kind === 'postgres' ? ['store'] : [];
  return lookAtAll(
    configured(config).filter(
      ({ name, by }) => !asked.includes(name) && !['roles', ...by].some((key) => without.includes(key)),
    ),
  );
}

function configured(config: Config): readonly Subject[] {
  const accounts = createAccounts();
  const isAuthority = config.roles.includes('authority');
  const entries: Look = () => checkEntries(config, accounts);
  const store: readonly Subject[] = [
    { name: 'store', look: () => checkStore(config), by: ['store', 'dataDir'] },
    { name: 'keys', look: () => checkKeys(config), by: ['authority', 'store', 'dataDir'] },
  ];
  return [
    { name: 'data directory', look: () => checkDataDir(config, accounts), by: ['dataDir'] },
    ...(isAuthority ? store : []),
    { name: 'files', look: () => checkNamedFiles(config), by: ['authority', 'feed', 'trustDomain', 'dataDir'] },
    { name: 'sockets', look: () => checkSocketOwners(config, accounts), by: ['listen', 'workloads'] },
    ...(isAuthority ? [{ name: 'entries', look: entries, by: ['entries', 'workloads', 'listen'] }] : []),
    { name: 'policy files', look: () => checkPolicyFiles(config), by: ['policies', 'registry', 'trustDomain'] },
  ];
}

/** In turn; what there is nothing to say of is not named. */
async function lookAtAll(subjects: readonly Subject[]): Promise<readonly Section[]> {
  const sections: Section[] = [];
  for (const { name, look } of subjects) sections.push(await section(name, look));
  return sections.filter(({ checks }) => checks.length > 0);
}
