/**
 * Who may call whom, put together for questions about single workloads.
 * @module
 */
import { createRegistryContext, type RegistryContext } from '../../../policy/meaning/registry-context.ts';
import type { Plane, RuleStage } from '../../../policy/model.ts';
import { emptyRegistry } from '../../../policy/registry/registry.ts';
import type { Effort } from '../../regions/bound.ts';
import type { Region } from '../../regions/diagrams.ts';
import type { RequestSpace } from '../../regions/request-space.ts';
import { createRegionPrinter } from '../../regions/shown-region.ts';
import type { Resident } from '../../universe/resident.ts';
import { type PodsAhead, type Side, type UniverseClass, universeClasses } from '../../universe/universe.ts';
import { type Conditions, createConditions } from '../conditions.ts';
import { regionText } from '../region-text.ts';
import { spaceOf } from '../space-of.ts';
import { createWitnesses, type Witnesses } from '../witness.ts';

/** What is asked. */
export interface OpeningsRequest {
  readonly side: Side;
  /** Those that the configuration enforces. */
  readonly planes: readonly Plane[];
  readonly allowEmpty: boolean;
  /** Pods of the side that do not exist. */
  readonly coming?: PodsAhead;
  readonly effort?: Effort;
  /** Addresses that X-Forwarded-For is trusted for. */
  readonly trustedHops?: number;
}

/** The parties of a question. */
export interface OpeningsScene extends OpeningsRequest {
  readonly classes: readonly UniverseClass[];
  readonly residents: readonly (Resident | undefined)[];
  readonly space: RequestSpace;
  readonly context: RegistryContext;
  readonly conditions: Conditions;
  /** The plane of the network, enforced or not. */
  readonly network: Plane | undefined;
  nameOf(resident: number): string;
  textOf(region: Region): string;
  readonly witnesses: Witnesses;
}

/** Makes the scene. @throws BoundMet if something cannot be represented together */
export function createOpeningsScene(request: OpeningsRequest): OpeningsScene {
  const { side, planes, coming, effort, trustedHops = 0 } = request;
  const { model } = side;
  const classes = universeClasses([side], coming);
  const residents = classes.map((one) => one.residents[0]);
  const network = model.planes.find(({ id }) => id === 'l4');
  const space = spaceOf([...planes.filter(({ id }) => id !== 'l4'), ...(network ? [network] : [])], residents, effort);
  const context = createRegistryContext(model.registry ?? emptyRegistry, model.absence, model.hops);
  const { boxesOf } = createRegionPrinter(space);
  return {
    ...request,
    ...{ classes, residents, space, context, network },
    witnesses: createWitnesses({ space, prefersHttp: true, trustedHops }),
    conditions: createConditions(space, context, model.absence),
    nameOf: (resident) => nameOfClass(classes[resident]!),
    textOf: (region) => regionText(boxesOf(region, [])),
  };
}

/** The plane of the network as one end has it. */
export function half(plane: Plane, direction: 'ingress' | 'egress'): Plane {
  const stages = plane.stages.filter((stage) => ((stage as RuleStage).direction ?? 'ingress') === direction); // tiers only
  return { ...plane, stages };
}

/** Whether one calls the other at all: what is alone in its class does not call itself. */
export const calls = ({ classes }: OpeningsScene, from: number, to: number): boolean =>
  from !== to || classes[from]!.size > 1;

const MOST_NAMES = 3;

/** Its pods, its addresses, or what is to come. */
function nameOfClass({ members, outside, future }: UniverseClass): string {
  const few = (names: readonly string[]): string =>
    [...names.slice(0, MOST_NAMES), ...(names.length > MOST_NAMES ? [`${names.length - MOST_NAMES} more`] : [])].join(
      ', ',
    );
  if (outside !== undefined) return `outside ${few(outside.cidrs)}`;
  if (future !== undefined) return `pods to come of ${few(future.namespaces)}: ${future.labels || 'any labels'}`;
  return few(members);
}
