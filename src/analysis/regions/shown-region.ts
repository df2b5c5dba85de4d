/**
 * Regions as they are printed: lists of boxes, each with only the members that it needs.
 * @module
 */
import { cidrsOf } from './addresses.ts';
import { createDescriber, type Description, type ShownPattern, shownAutomaton } from './describe.ts';
import { ALL, NONE, type Region } from './diagrams.ts';
import { gapsOf, type Interval, type IntervalDomain } from './intervals.ts';
import { createListPrinter, type ShownCondition } from './lists/shown-lists.ts';
import { type RequestSpace, transport } from './request-space.ts';

/** A request is in it if every member that is there holds. */
export interface Box {
  readonly kinds?: readonly ('http' | 'tcp')[];
  readonly protocols?: readonly ('TCP' | 'UDP' | 'SCTP')[];
  readonly ports?: readonly Interval[];
  readonly notPorts?: readonly Interval[];
  readonly methods?: readonly ShownPattern[];
  readonly notMethods?: readonly ShownPattern[];
  readonly hosts?: readonly ShownPattern[];
  readonly notHosts?: readonly ShownPattern[];
  readonly paths?: readonly ShownPattern[];
  readonly notPaths?: readonly ShownPattern[];
  readonly mtls?: boolean;
  readonly conditions?: readonly ShownCondition[];
}

/** Pairs of addresses of two parties, by the bit of the route. */
export type Routes = readonly { readonly source: string; readonly destination: string }[];

/** Prints regions of one space; equal regions are printed once. */
export interface RegionPrinter {
  boxesOf(region: Region, routes: Routes): readonly Box[];
}

/** Creates the printer. */
export function createRegionPrinter(space: RequestSpace): RegionPrinter {
  const members = memberPrinters(space);
  const known = new Map<Region, readonly Box[]>();
  const boxesOf = (region: Region, routes: Routes): readonly Box[] => {
    if (region === NONE) return [];
    if (region === ALL) return [{}];
    const made = known.get(region);
    if (made !== undefined) return made;
    const { variable, edges } = space.diagrams.nodeOf(region);
    // The order of edges hangs on what was asked before: boxes come in an order of their own.
    const ways = edges.map(({ set, to }) => ({ own: members(variable, set, routes), to }));
    const boxes = inOrder(ways, ({ own }) => JSON.stringify(own)).flatMap(({ own, to }) =>
      own.flatMap((first) => boxesOf(to, routes).map((rest) => joined(first, rest))),
    );
    if (routes.length <= 1) known.set(region, boxes);
    return boxes;
  };
  return { boxesOf };
}

function inOrder<T>(items: readonly T[], nameOf: (item: T) => string): readonly T[] {
  if (items.length < 2) return items;
  const named = items.map((item) => ({ item, name: nameOf(item) }));
  return named.sort((a, b) => (a.name < b.name ? -1 : 1)).map(({ item }) => item);
}

function joined(a: Box, b: Box): Box {
  const conditions = [...(a.conditions ?? []), ...(b.conditions ?? [])];
  return { ...a, ...b, ...(conditions.length > 0 && { conditions }) };
}

type MemberPrinter = (variable: number, set: number, routes: Routes) => readonly Box[];

function memberPrinters(space: RequestSpace): MemberPrinter {
  const describe = {
    method: createDescriber(space.method.domain),
    host: createDescriber(space.host.domain),
    path: createDescriber(space.path.domain),
  };
  const lists = new Map(
    [...space.lists].map(([id, { fact, domain }]) => [id, createListPrinter(fact, domain)] as const),
  );
  return (variable, set, routes) => {
    switch (variable) {
      case space.mtls:
        return [{ mtls: set === 1 }];
      case space.route:
        return [routeBox(set, routes)];
      case space.transport:
        return transportBoxes(set);
      case space.port.id:
        return [portBox(space.port.domain, set)];
      case space.method.id:
        return [listed('methods', 'notMethods', describe.method(set))];
      case space.host.id:
        return [hostBox(space, set, describe.host)];
      case space.path.id:
        return [pathBox(space, set, describe.path)];
      default:
        return (
          lists
            .get(variable)?.(set)
            .map((conditions) => ({ conditions })) ?? [otherBox(space, variable, set)]
        );
    }
  };
}

function listed(some: 'methods' | 'hosts' | 'paths', none: `not${string}`, made: Description): Box {
  return { ...(made.some && { [some]: made.some }), ...(made.none.length > 0 && { [none]: made.none }) };
}

const { http, tcp, udp, sctp } = transport;

/** Kinds and protocols of each set of transports; two boxes where no two lists can say it. */
function transportBoxes(set: number): readonly Box[] {
  const protocols = [
    ...((set & (http | tcp)) !== 0 ? (['TCP'] as const) : []),
    ...((set & udp) !== 0 ? (['UDP'] as const) : []),
    ...((set & sctp) !== 0 ? (['SCTP'] as const) : []),
  ];
  const hasHttp = (set & http) !== 0;
  if (hasHttp && (set & tcp) !== 0) return [{ protocols }];
  if (set === http) return [{ kinds: ['http'] }];
  if (hasHttp) return [{ kinds: ['http'] }, ...transportBoxes(set & ~http)];
  if (set === (tcp | udp | sctp)) return [{ kinds: ['tcp'] }];
  return [(set & tcp) === 0 ? { protocols } : { kinds: ['tcp'], protocols }];
}

function portBox(domain: IntervalDomain, set: number): Box {
  const ports = domain.intervalsOf(set);
  const gaps = gapsOf(ports, 1, 65_535);
  return gaps.length < ports.length ? { notPorts: gaps } : { ports };
}

/** Where capitals count, only a condition can say so. */
function hostBox({ host, options }: RequestSpace, set: number, describe: (set: number) => Description): Box {
  if (!options.caseOfHost) return listed('hosts', 'notHosts', describe(set));
  const automaton = shownAutomaton(host.domain.automatonOf(set));
  const text = 'the host, with its capitals as they were sent';
  return { conditions: [{ key: 'request.headers[:authority]', values: [{ automaton }], text }] };
}

/** Where the query counts, only a condition can say so. */
function pathBox(space: RequestSpace, set: number, describe: (set: number) => Description): Box {
  const { path, options } = space;
  if (!options.wholePath) return listed('paths', 'notPaths', describe(set));
  const automaton = shownAutomaton(path.domain.automatonOf(set));
  const text = 'the path with its query';
  return { conditions: [{ key: 'request.headers[:path]', values: [{ automaton }], text }] };
}

function routeBox(set: number, routes: Routes): Box {
  const own = routes.filter((_, i) => (set & (1 << i)) !== 0);
  const one = (key: string, values: readonly string[]): ShownCondition => ({
    key,
    values: [...new Set(values)],
    text: `${key} is ${[...new Set(values)].join(' or ')}`,
  });
  return {
    conditions: [
      one(
        'source.ip',
        own.map(({ source }) => source),
      ),
      one(
        'destination.ip',
        own.map(({ destination }) => destination),
      ),
    ],
  };
}

function otherBox(space: RequestSpace, variable: number, set: number): Box {
  return { conditions: [conditionOf(space, variable, set)] };
}

function conditionOf(space: RequestSpace, variable: number, set: number): ShownCondition {
  if (variable === space.sourcePort.id) {
    const values = space.sourcePort.domain.intervalsOf(set).map(([lo, hi]) => (lo === hi ? `${lo}` : `${lo}-${hi}`));
    return { key: 'source.port', values, text: `the source port is ${values.join(', ')}` };
  }
  if (variable === space.remote.id) {
    const values = cidrsOf(space.remote.domain.automatonOf(set));
    return { key: 'remote.ip', values, text: `the client's address is in ${values.join(', ')}` };
  }
  return sniCondition(space, set);
}

function sniCondition({ sni: { domain } }: RequestSpace, set: number): ShownCondition {
  const key = 'connection.sni';
  const absent = domain.ofAutomaton({ accepts: [true], arcs: [[]] });
  const named = domain.minus(set, absent);
  const withoutMark = (which: number) => {
    const { accepts, arcs } = domain.automatonOf(which);
    return { automaton: { ...shownAutomaton({ accepts, arcs }), start: arcs[0]?.[0]?.to ?? -1 } };
  };
  if (named === 0) return { key, notValues: ['*'], text: 'the connection names no server (SNI)' };
  if (set === named) {
    const prefixes = [domain.minus(domain.full, absent)];
    const all = prefixes[0] === named;
    return { key, values: all ? ['*'] : [withoutMark(named)], text: 'the server that the connection names (SNI)' };
  }
  const others = domain.minus(domain.minus(domain.full, absent), named);
  return { key, notValues: [withoutMark(others)], text: 'the connection names no server (SNI), or one of these' };
}
