/**
 * The JSON of a map, line by line: a large one fits in no text.
 * @module
 */
import type { Region } from '../../regions/diagrams.ts';
import type { Allowance } from '../plane-regions.ts';
import { shownAllowance, shownClass } from '../shown.ts';
import type { MapEdge, ReachMap } from './map.ts';

/** What besides the regions is told. */
export interface MapDocumentOptions {
  readonly universe: Readonly<Record<string, unknown>>;
  readonly byPlane: boolean;
  readonly explain: boolean;
}

/** The document in pieces. Regions that stand in several edges are printed once, at the end. */
export function* mapDocument(map: ReachMap, edges: readonly MapEdge[], options: MapDocumentOptions): Generator<string> {
  const uses = new Map<Region, number>();
  for (const { region } of edges) uses.set(region, (uses.get(region) ?? 0) + 1);
  const refs = new Map<Region, { readonly id: string; readonly text: string }>();
  const regionText = (edge: MapEdge): string => {
    const routes = map.pairs.routesOf(map.placeOf(edge.from), map.placeOf(edge.to));
    const count = uses.get(edge.region)!;
    const known = refs.get(edge.region);
    if (known !== undefined && routes.length <= 1) return `{"ref":"${known.id}"}`;
    const text = JSON.stringify(map.boxesOf(edge.region, routes));
    if (count === 1 || routes.length > 1) return text;
    const id = `r${refs.size + 1}`;
    refs.set(edge.region, { id, text });
    return `{"ref":"${id}"}`;
  };
  yield `{"universe":${JSON.stringify(options.universe)},"planes":${JSON.stringify(map.pairs.planes.map(({ id }) => id))},"complete":true,\n`;
  yield* list(
    'classes',
    map.classes.map((one) => JSON.stringify(shownClass(one))),
  );
  yield ',\n';
  yield* list('edges', edgeTexts(map, edges, regionText, options));
  yield `,\n"regions":{${[...refs.values()].map(({ id, text }) => `\n"${id}":${text}`).join(',')}}}\n`;
}

function* list(name: string, items: Iterable<string>): Generator<string> {
  yield `"${name}":[`;
  let separator = '\n';
  for (const item of items) {
    yield separator + item;
    separator = ',\n';
  }
  yield ']';
}

function* edgeTexts(
  map: ReachMap,
  edges: readonly MapEdge[],
  regionText: (edge: MapEdge) => string,
  { byPlane, explain }: MapDocumentOptions,
): Generator<string> {
  const texts = decidingTexts();
  for (const edge of edges) {
    const [from, to] = [map.placeOf(edge.from), map.placeOf(edge.to)];
    const routes = map.pairs.routesOf(from, to);
    const deciding = map.pairs.allowances(from, to, edge.region);
    const parts = [`"from":"${edge.from.id}","to":"${edge.to.id}","region":${regionText(edge)}`];
    if (byPlane)
      parts.push(
        `"planes":${JSON.stringify(
          Object.fromEntries(
            map.pairs.planes.map((plane) => [plane.id, map.boxesOf(map.pairs.planeRegionOf(plane, from, to), routes)]),
          ),
        )}`,
      );
    parts.push(`"deciding":[${deciding.map(texts).join(',')}]`);
    if (explain)
      parts.push(
        `"explain":${JSON.stringify(
          deciding.map((one) => ({
            region: map.boxesOf(one.region, routes),
            deciding: shownAllowance(one),
          })),
        )}`,
      );
    yield `{${parts.join(',')}}`;
  }
}

type Deciding = Allowance & { readonly plane: string };

function decidingTexts(): (one: Deciding) => string {
  const known = new Map<Allowance['rule'], string>();
  return (one) => {
    const text = known.get(one.rule) ?? JSON.stringify(shownAllowance(one));
    known.set(one.rule, text);
    return text;
  };
}
