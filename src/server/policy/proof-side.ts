/**
 * The policies and the registry of one configuration, as the exact analysis takes them.
 * @module
 */
import type { Side } from '../../analysis/universe/universe.ts';
import { withAddresses } from '../../analysis/universe/with-addresses.ts';
import type { QuestionOptions } from '../../authz/question.ts';
import type { Config } from '../../config/config.ts';
import { GatehouseError } from '../../errors.ts';
import { firstErrorPlace } from '../../policy/documents/finding.ts';
import type { Plane, PlaneId } from '../../policy/model.ts';
import { joinForLook, readPaths } from '../../policy/sources/load-paths.ts';
import { checkOptions } from './check-options.ts';
import { sourceOptions } from './policy-sources.ts';

/** One side of a question, and whom its decisions believe. */
export interface ProofSide extends Side {
  readonly options: QuestionOptions;
  readonly allowEmpty: boolean;
  /** Those that are asked about, in the order in which they are asked. */
  readonly planes: readonly Plane[];
}

/**
 * Reads what a configuration names.
 *
 * @param chosen  the planes to be combined; undefined: those that the configuration enforces
 * @throws GatehouseError `policy_invalid` if a file has an error; `not_found`
 */
export function proofSide(config: Config, chosen: readonly PlaneId[] | undefined): ProofSide {
  const source = sourceOptions(config);
  const { absence, endpoints, hops, owners } = source;
  const wanted = (id: PlaneId): boolean =>
    chosen?.includes(id) ?? (id === 'istio' || config.policies.planes[id] === 'enforce');
  const set = joinForLook(readPaths(source.paths, source), {
    absence,
    rootNamespace: config.policies.rootNamespace,
    planes: { calico: 'enforce', l4: 'enforce', site: 'enforce' },
    ...(endpoints && { endpoints }),
    ...(hops && { hops }),
    ...(owners && { owners }),
  });
  refuseErrors(set.findings);
  const planes = set.model.planes.map((plane): Plane => ({ ...plane, mode: wanted(plane.id) ? 'enforce' : 'off' }));
  return {
    model: withAddresses({ ...set.model, planes }),
    planes: planes.filter(({ mode }) => mode === 'enforce'),
    trustDomain: config.trustDomain,
    workloads: config.workloads,
    options: { ...checkOptions(config), verifyPeer: 'off', peerTrustDomains: 'any', ambiguousRequests: 'asUpstream' },
    allowEmpty: config.policies.allowEmpty,
  };
}

function refuseErrors(findings: ReturnType<typeof joinForLook>['findings']): void {
  const place = firstErrorPlace(findings);
  if (place === undefined) return;
  const first = findings.find(({ severity }) => severity === 'error');
  const message = `${place}: ${first?.message} (${first?.fix}); gatehouse policy check tells all errors`;
  throw new GatehouseError('policy_invalid', message, { place });
}
