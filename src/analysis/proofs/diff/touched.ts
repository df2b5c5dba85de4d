/**
 * Which pairs a change of policies can concern: of the others both sides say the same, and neither need be asked.
 * @module
 */
import { saysTheSame } from '../../../lib/lists/kept-list.ts';
import type { Destination } from '../../../policy/facts.ts';
import { sourcesOf } from '../../../policy/meaning/network-sources.ts';
import { createRegistryContext, type RegistryContext } from '../../../policy/meaning/registry-context.ts';
import { applies } from '../../../policy/meaning/subject.ts';
import { isEmptyModel, type Plane, type Stage, type Subject } from '../../../policy/model.ts';
import { emptyRegistry } from '../../../policy/registry/registry.ts';
import { factsBetween } from '../../universe/party.ts';
import type { Resident } from '../../universe/resident.ts';
import type { Side } from '../../universe/universe.ts';
import { callersOf, partiesOf, workloadAt } from '../world.ts';

/** What is compared. */
export interface TouchedSide extends Side {
  readonly planes: readonly Plane[];
  readonly allowEmpty: boolean;
}

/** By the places of two residents. */
export type Touches = (from: number, to: number) => boolean;

type AnyPolicy = Stage['policies'][number];

interface Changed {
  readonly subject: Subject;
  readonly direction: 'ingress' | 'egress';
}

/** Tells which pairs may be decided otherwise; all of them where more than policies differs. */
export function touchedPairs(
  [before, after]: readonly [TouchedSide, TouchedSide],
  residents: readonly (Resident | undefined)[],
): Touches {
  const changed = isAlike(surroundingsOf(before), surroundingsOf(after)) ? changedPolicies(before, after) : undefined;
  if (changed === undefined) return () => true;
  const { model } = after;
  const context = createRegistryContext(model.registry ?? emptyRegistry, model.absence, model.hops);
  const isAbout = (workload: Destination, direction: Changed['direction']): boolean =>
    changed.some((one) => one.direction === direction && applies(one.subject, workload, context) !== 'no');
  const called = residents.map(
    (one) => one !== undefined && workloadsOf(one, context).some((each) => isAbout(each, 'ingress')),
  );
  const calling = residents.map(
    (one) => one !== undefined && sourcesAt(one, context).some((each) => isAbout(each, 'egress')),
  );
  return (from, to) => called[to]! || calling[from]!;
}

/** All but the policies. */
function surroundingsOf({ model, planes, trustDomain, workloads, allowEmpty }: TouchedSide): readonly unknown[] {
  const { registry, absence, hops } = model;
  const shape = planes.map(({ id, stages }) => [id, stages.map((stage) => ({ ...stage, policies: [] }))]);
  return [registry, absence, hops, shape, trustDomain, workloads, allowEmpty, isEmptyModel(model)];
}

/** Policies that one side alone has; undefined if the others come in another order. */
function changedPolicies(before: TouchedSide, after: TouchedSide): readonly Changed[] | undefined {
  const out: Changed[] = [];
  for (const [p, { stages }] of before.planes.entries())
    for (const [s, stage] of stages.entries()) {
      const [old, fresh] = middles(stage.policies, after.planes[p]!.stages[s]!.policies);
      const [oldNames, freshNames] = [old, fresh].map((some) => new Set(some.map(({ name }) => name)));
      const gone = old.filter(({ name }) => !freshNames!.has(name));
      const come = fresh.filter(({ name }) => !oldNames!.has(name));
      const kept = [old.filter(({ name }) => freshNames!.has(name)), fresh.filter(({ name }) => oldNames!.has(name))];
      const [one, other] = kept.map((some) => some.map(({ name }) => name).join('\n'));
      if (one !== other) return undefined;
      const direction = 'direction' in stage ? (stage.direction ?? 'ingress') : 'ingress';
      for (const { policy } of [...gone, ...come]) out.push({ subject: policy.subject, direction });
    }
  return out;
}

/** What lies between the policies that both begin with, and those that both end with. */
function middles(a: readonly AnyPolicy[], b: readonly AnyPolicy[]): readonly [readonly Named[], readonly Named[]] {
  const most = Math.min(a.length, b.length);
  let [head, tail] = [0, 0];
  while (head < most && isAlike(a[head], b[head])) head++;
  while (head + tail < most && isAlike(a[a.length - 1 - tail], b[b.length - 1 - tail])) tail++;
  const between = (all: readonly AnyPolicy[]): Named[] =>
    all.slice(head, all.length - tail).map((policy) => ({ policy, name: meaningOf(policy) }));
  return [between(a), between(b)];
}

/** Where something is written and whose it is. */
const meaningless = ['position', 'owner'];

/** Whether two say the same, as `meaningOf` has it. */
const isAlike = (a: unknown, b: unknown): boolean => saysTheSame(a, b, ...meaningless);

interface Named {
  readonly policy: AnyPolicy;
  readonly name: string;
}

/** What something says, wherever it is written and whosever it is. Labels and the like are lists of pairs here, never keys. */
const meaningOf = (written: object): string =>
  JSON.stringify(written, (key, value: unknown) => (meaningless.includes(key) ? undefined : value));

const workloadsOf = (one: Resident, context: RegistryContext): readonly Destination[] =>
  one.endpoint === undefined ? [] : partiesOf(one).map((party) => workloadAt(one, party, context));

/** The pods that a caller may be to the network. */
function sourcesAt(one: Resident, context: RegistryContext): readonly Destination[] {
  return callersOf(one, 0).flatMap(({ party }) => {
    const endpoints = sourcesOf(factsBetween(party, party), context);
    return endpoints === 'mismatch' ? [] : endpoints.map((endpoint) => context.destinationOf(endpoint));
  });
}
