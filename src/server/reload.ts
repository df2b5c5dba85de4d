/**
 * What a configuration that was read again may change while we run.
 * @module
 */
import type { Config } from '../config/config.ts';
import type { PolicySources } from '../policy/sources/policy-sources.ts';
import { deciderSettings } from './decider/decider-role.ts';
import type { DeciderSide } from './decider-side.ts';
import type { Foundation } from './foundation.ts';
import type { IdentitySide } from './identity-interface.ts';
import { endpointsOf } from './policy/policy-sources.ts';

export interface ReloadDeps extends Pick<Foundation, 'config' | 'log' | 'board'> {
  readonly identity: Pick<IdentitySide, 'reconfigure'>;
  readonly decider: Pick<DeciderSide, 'tell' | 'candidate'>;
  readonly policies: Pick<PolicySources, 'reload'>;
}

/** Puts in force what may change, reads policies again, and says what else differs. @throws GatehouseError `address_in_use`, `config_invalid` */
export async function reload(
  { config, log, board, identity, decider, policies }: ReloadDeps,
  next: Config,
): Promise<void> {
  const before = config.value;
  const refused = needsRestart(before, next);
  if (refused.length > 0) {
    log.error(
      { code: 'restart_required', fields: refused },
      `restart_required: ${refused.join(', ')} cannot change while running`,
    );
  }
  board.degrade(
    'configuration',
    refused.map((field) => `restart_required: ${field}`),
  );
  // How policies are read is settled at the start.
  const federation = { ...before.federation, trustDomains: next.federation.trustDomains };
  const inForce = {
    ...before,
    entries: next.entries,
    workloads: next.workloads,
    log: next.log,
    admin: next.admin,
    federation,
  };
  config.replace(inForce);
  log.level = inForce.log.level;
  await identity.reconfigure(inForce);
  decider.tell({ kind: 'settings', settings: deciderSettings(inForce) });
  await policies.reload(endpointsOf(inForce));
  await decider.candidate.reload();
  log.info('configuration and policies were read again');
}

/** Everything that is looked at again; the rest needs a restart. */
const live = new Set(['file', 'entries', 'workloads', 'log', 'admin', 'federation.trustDomains']);

/** Field paths that differ and cannot be changed now, e.g. `listen.extAuthz`; two levels deep. */
function needsRestart(before: Config, after: Config): string[] {
  return differences(before, after, '', 2).filter(
    (path) => !live.has(path) && !live.has(path.split('.', 1)[0] ?? path),
  );
}

function differences(before: object, after: object, prefix: string, depth: number): string[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return keys.flatMap((key) => {
    const [a, b] = [Reflect.get(before, key) as unknown, Reflect.get(after, key) as unknown];
    if (JSON.stringify(a) === JSON.stringify(b)) return [];
    const path = prefix === '' ? key : `${prefix}.${key}`;
    return depth > 1 && isPlain(a) && isPlain(b) ? differences(a, b, path, depth - 1) : [path];
  });
}

const isPlain = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
