/**
 * Reads the policies that logged decisions are decided by again.
 * @module
 */
import type { ReplayDeps } from '../../../analysis/replay/replay.ts';
import { offlineState } from '../../../server/explain/explain-offline.ts';
import { configured } from '../proofs/open-side.ts';
import type { ProofFlags } from '../proofs/proof-options.ts';

/** Reads them as a server that begins with the configuration would. @throws GatehouseError `config_invalid`, `policy_invalid` */
export async function openReplaySide(flags: ProofFlags, config: string | undefined): Promise<ReplayDeps> {
  const planes = flags.planes ?? flags.plane;
  const read = await configured(flags, config);
  const wanted = (id: 'calico' | 'l4' | 'site') =>
    planes === undefined ? read.policies.planes[id] : planes.includes(id) ? 'enforce' : 'off';
  const chosen = { calico: wanted('calico'), l4: wanted('l4'), site: wanted('site') };
  const { model, allowEmpty, check } = await offlineState({ ...read, policies: { ...read.policies, planes: chosen } });
  const isOff = planes !== undefined && !planes.includes('istio');
  return {
    model: isOff
      ? { ...model, planes: model.planes.map((plane) => (plane.id === 'istio' ? { ...plane, mode: 'off' } : plane)) }
      : model,
    allowEmpty,
    ownPrefixes: check.ownPrefixes,
    options: config === undefined ? undefined : check,
  };
}
