/**
 * Tenants: whose pods are to be alone, and what is shared by agreement.
 * @module
 */
import { toByteString } from '../../../lib/byte-string.ts';
import { type LabelExpr, type Labels, labelsMatch } from '../../../policy/meaning/labels.ts';
import type { TextPattern } from '../../../policy/model.ts';
import type { Endpoint } from '../../../policy/registry/registry.ts';
import { ALL, NONE, type Region } from '../../regions/diagrams.ts';
import { type RequestSpace, transport } from '../../regions/request-space.ts';
import type { Box } from '../../regions/shown-region.ts';

/** One tenant. */
export interface Tenant {
  readonly name: string;
  /** Names, or a selector over the labels of namespaces. */
  readonly namespaces: readonly string[] | LabelExpr;
  readonly isolation: 'soft' | 'hard';
  readonly shared: readonly Shared[];
  /** What tokens may claim, by claim; undefined: anything. */
  readonly claims: Readonly<Record<string, readonly string[]>> | undefined;
}

/** A path that is meant. */
export interface Shared {
  /** A tenant, a namespace, `namespace/serviceAccount`, or `*`. */
  readonly from: string;
  readonly to: string;
  /** Undefined: everything. */
  readonly region: readonly SharedBox[] | undefined;
}

/** Boxes as they are written: no automata, no conditions. */
export type SharedBox = {
  readonly [Member in Exclude<keyof Box, 'conditions'>]?:
    | (Member extends `${string}${'ethods' | 'osts' | 'aths'}` ? readonly string[] : Box[Member])
    | undefined;
};

/** The tenant of a namespace; undefined if it is nobody's. The first that holds it counts. */
export function tenantOf(tenants: readonly Tenant[], namespace: string, labels: Labels): Tenant | undefined {
  return tenants.find(({ namespaces }) =>
    isNames(namespaces) ? namespaces.includes(namespace) : labelsMatch(namespaces, labels),
  );
}

/** Whether a tenant is told by names alone, so that no namespace to come is its. */
export function isNames(namespaces: Tenant['namespaces']): namespaces is readonly string[] {
  return Array.isArray(namespaces);
}

/** Whether a pod is meant by the name of an end. */
export function isMeant(end: string, { namespace, serviceAccount }: Endpoint, tenant: Tenant | undefined): boolean {
  return end === '*' || end === tenant?.name || end === namespace || end === `${namespace}/${serviceAccount}`;
}

/** The requests of boxes. */
export function regionOfBoxes(boxes: readonly SharedBox[], space: RequestSpace): Region {
  const { diagrams } = space;
  return boxes.reduce((all: Region, box) => diagrams.or(all, regionOfBox(box, space)), NONE);
}

function regionOfBox(box: SharedBox, space: RequestSpace): Region {
  const { diagrams } = space;
  const all: Region[] = [ALL];
  const bits = (some: readonly string[], of: Readonly<Record<string, number>>): number =>
    some.reduce((mask, each) => mask | (of[each] ?? 0), 0);
  if (box.kinds) all.push(diagrams.where(space.transport, bits(box.kinds, kinds)));
  if (box.protocols) all.push(diagrams.where(space.transport, bits(box.protocols, protocols)));
  const { id, domain } = space.port;
  if (box.ports) all.push(diagrams.where(id, domain.of(box.ports)));
  if (box.notPorts) all.push(diagrams.not(diagrams.where(id, domain.of(box.notPorts))));
  if (box.mtls !== undefined) all.push(diagrams.where(space.mtls, box.mtls ? 1 : 2));
  const isHttp = diagrams.where(space.transport, transport.http);
  const texts = [
    [space.method.id, box.methods, box.notMethods, (any: TextPattern[]) => space.method.domain.ofPatterns(any)],
    [space.host.id, box.hosts, box.notHosts, (any: TextPattern[]) => space.host.domain.ofPatterns(any)],
    [space.path.id, box.paths, box.notPaths, (any: TextPattern[]) => space.pathsWhere(any)],
  ] as const;
  for (const [variable, some, none, setOf] of texts) {
    if (some || none) all.push(isHttp);
    const isHost = variable === space.host.id;
    if (some) all.push(diagrams.where(variable, setOf(some.map((each) => readPattern(each, isHost)))));
    if (none) all.push(diagrams.not(diagrams.where(variable, setOf(none.map((each) => readPattern(each, isHost))))));
  }
  return all.reduce((a, b) => diagrams.and(a, b), ALL);
}

const kinds = { http: transport.http, tcp: transport.tcp | transport.udp | transport.sctp };
const protocols = { TCP: transport.http | transport.tcp, UDP: transport.udp, SCTP: transport.sctp };

/** `*`, `prefix*`, `*suffix`, a template, or exact text; of its bytes, as they come. */
export function readPattern(written: string, ignoreCase = false): TextPattern {
  const text = toByteString(written);
  if (text === '*') return { is: 'nonEmpty' };
  if (text.includes('{*}') || text.includes('{**}')) return { is: 'template', text };
  if (text.startsWith('*')) return { is: 'suffix', value: text.slice(1), ignoreCase };
  if (text.endsWith('*')) return { is: 'prefix', value: text.slice(0, -1), ignoreCase };
  return { is: 'exact', value: text, ignoreCase };
}
