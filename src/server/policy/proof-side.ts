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
import { type JoinOptions, joinPolicies } from '../../policy/load.ts';
import type { Plane, PlaneId, PolicyModel } from '../../policy/model.ts';
import type { PolicyFile } from '../../policy/read-policies.ts';
import { emptyRegistry } from '../../policy/registry/registry.ts';
import { createReadPaths, joinForLook, type ReadPaths } from '../../policy/sources/load-paths.ts';
import { checkOptions } from './check-options.ts';
import { sourceOptions } from './policy-sources.ts';

/** One side of a question, and whom its decisions believe. */
export interface ProofSide extends Side {
  readonly options: QuestionOptions;
  readonly allowEmpty: boolean;
  readonly rootNamespace: string;
  /** Pods of which no address is known: `NAMESPACE/NAME`; in the model they have one that nobody has. */
  readonly unplaced: readonly string[];
  /** Certificates of other trust domains are believed. */
  readonly believesForeigners: boolean;
  /** Those that are asked about, in the order in which they are asked. */
  readonly planes: readonly Plane[];
}

/** What of a configuration says what is asked, of whom, and by what. Plain data. */
export type ProofConfig = Pick<
  Config,
  'trustDomain' | 'trustDomainAliases' | 'policies' | 'registry' | 'workloads' | 'extAuthz' | 'tenants' | 'federation'
>;

/**
 * Reads what a configuration names.
 *
 * @param chosen  the planes to be combined; undefined: those that the configuration enforces
 * @param read  reads the files; one that has read another side knows what they have in common
 * @throws GatehouseError `policy_invalid` if a file has an error; `not_found`
 */
export function proofSide(
  config: ProofConfig,
  chosen: readonly PlaneId[] | undefined,
  read: ReadPaths = createReadPaths(),
): ProofSide {
  const source = sourceOptions(config);
  const set = joinForLook(read(source.paths, source), joinOptions(config));
  refuseErrors(set.findings);
  return sideOf(set.model, config, chosen);
}

/** The same of files that are read already, of which none has an error. */
export function proofSideOf(files: readonly PolicyFile[], config: ProofConfig, chosen?: readonly PlaneId[]): ProofSide {
  const { model } = joinPolicies(files, { ...joinOptions(config), generation: 0 });
  return sideOf(model, config, chosen);
}

function joinOptions(config: ProofConfig): Omit<JoinOptions, 'generation'> {
  const { absence, endpoints, hops, owners } = sourceOptions(config);
  return {
    absence,
    rootNamespace: config.policies.rootNamespace,
    planes: { calico: 'enforce', l4: 'enforce', site: 'enforce' },
    ...(endpoints && { endpoints }),
    ...(hops && { hops }),
    ...(owners && { owners }),
  };
}

function sideOf(model: PolicyModel, config: ProofConfig, chosen: readonly PlaneId[] | undefined): ProofSide {
  const wanted = (id: PlaneId): boolean =>
    chosen?.includes(id) ?? (id === 'istio' || config.policies.planes[id] === 'enforce');
  const planes = model.planes.map((plane): Plane => ({ ...plane, mode: wanted(plane.id) ? 'enforce' : 'off' }));
  return {
    model: withAddresses({ ...model, planes }),
    planes: planes.filter(({ mode }) => mode === 'enforce'),
    unplaced: (model.registry ?? emptyRegistry).endpoints.flatMap(({ namespace, name, addresses }) =>
      addresses.length === 0 ? [`${namespace}/${name}`] : [],
    ),
    trustDomain: config.trustDomain,
    workloads: config.workloads,
    options: { ...checkOptions(config), verifyPeer: 'off', peerTrustDomains: 'any', ambiguousRequests: 'asUpstream' },
    allowEmpty: config.policies.allowEmpty,
    rootNamespace: config.policies.rootNamespace,
    believesForeigners: config.extAuthz.peerTrustDomains === 'any',
  };
}

function refuseErrors(findings: ReturnType<typeof joinForLook>['findings']): void {
  const place = firstErrorPlace(findings);
  if (place === undefined) return;
  const first = findings.find(({ severity }) => severity === 'error');
  const message = `${place}: ${first?.message} (${first?.fix}); gatehouse policy check tells all errors`;
  throw new GatehouseError('policy_invalid', message, { place });
}
