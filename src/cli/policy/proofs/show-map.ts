/**
 * Writes a map.
 * @module
 */
import { createMapCheck } from '../../../analysis/proofs/map/check-map.ts';
import { createMap, type MapEdge, type ReachMap } from '../../../analysis/proofs/map/map.ts';
import { mapDocument } from '../../../analysis/proofs/map/map-document.ts';
import { classTitle, type DrawnEdge, dotOf, mermaidOf, svgOf } from '../../../analysis/proofs/map/map-drawing.ts';
import { regionText } from '../../../analysis/proofs/region-text.ts';
import { createReplay } from '../../../analysis/proofs/replay.ts';
import { createWitnesses } from '../../../analysis/proofs/witness.ts';
import { createEffort } from '../../../analysis/regions/bound.ts';
import { classesNamed } from '../../../analysis/universe/wanted.ts';
import { withPodsToCome } from '../../../analysis/universe/with-pods-to-come.ts';
import { printableJson } from '../../../lib/printable.ts';
import { emptyRegistry } from '../../../policy/registry/registry.ts';
import type { ProofSide } from '../../../server/policy/proof-side.ts';
import { type Look, plainLook } from '../../terminal/look.ts';
import { paint } from '../../terminal/output.ts';
import type { ExitCode, Terminal } from '../../terminal/terminal.ts';
import { textTable } from '../../terminal/text-table.ts';
import { shownProgress } from './progress.ts';
import type { ProofOutput } from './proof-options.ts';

interface MapFlags {
  readonly from?: string;
  readonly to?: string;
  readonly universe: 'registry' | 'any';
  readonly byPlane?: boolean;
  readonly explain?: boolean;
  readonly timeout: number;
  readonly output: ProofOutput;
}

/** Exit code 0. @throws BoundMet if it cannot be said */
export function showMap(side: ProofSide, flags: MapFlags, terminal: Terminal): ExitCode {
  const { planes, allowEmpty } = side;
  const ahead = flags.universe === 'any' ? withPodsToCome(side) : undefined;
  const asked = ahead?.side ?? side;
  const progress = shownProgress(terminal, 'callers');
  const map = createMap({
    side: asked,
    planes,
    allowEmpty,
    ...(ahead && { coming: ahead.coming }),
    effort: createEffort(flags.timeout),
    ...(progress && { progress }),
  });
  const [from, to] = [classesNamed(flags.from, map.classes), classesNamed(flags.to, map.classes)];
  const witnesses = createWitnesses({ space: map.space, prefersHttp: true, trustedHops: side.options.trustedHops });
  const check = createMapCheck(map, witnesses, createReplay(asked.model, side.options, allowEmpty));
  const edges: MapEdge[] = [];
  for (const edge of map.edges((a, b) => from.has(a) && to.has(b))) {
    check(edge);
    edges.push(edge);
  }
  terminal.progress?.('');
  if (flags.output === 'json') {
    const universe = {
      scope: ahead === undefined ? 'registry' : 'any',
      ...(ahead && { namespaces: ahead.looksAtNamespaces ? 'any' : 'those that exist' }),
      pods: (side.model.registry ?? emptyRegistry).endpoints.length,
      outside: true,
      ...(map.space.options.plainPaths && { paths: 'without escapes, parameters, empty or dot segments' }),
    };
    const { byPlane = false, explain = false } = flags;
    for (const piece of mapDocument(map, edges, { universe, byPlane, explain })) terminal.out(printableJson(piece));
    return 0;
  }
  const drawn = edges.map((edge): DrawnEdge => ({ ...edge, text: textOf(map, edge) }));
  const draw = { dot: dotOf, mermaid: mermaidOf, svg: svgOf }[flags.output as string];
  if (draw === undefined) paint(terminal, tableOf(map, drawn, terminal.look ?? plainLook));
  else terminal.out(draw(map.classes, drawn));
  return 0;
}

function textOf(map: ReachMap, { from, to, region }: MapEdge): string {
  return regionText(map.boxesOf(region, map.pairs.routesOf(map.placeOf(from), map.placeOf(to))));
}

function tableOf(map: ReachMap, edges: readonly DrawnEdge[], look: Look): string {
  const rows = edges.map(({ from, to, text }) => [classTitle(from), classTitle(to), text]);
  const planes = map.pairs.planes.map(({ id }) => id).join(', ');
  return `${textTable(['FROM', 'TO', 'ON'], rows, 'nobody reaches anybody', look)}\nplanes: ${planes}\n`;
}
