/**
 * A graph, drawn.
 * @module
 */
import type { JSX, Ref, RefObject } from 'preact';
import { type Graph, kindOf } from '../model/graph.ts';
import type { Layout } from './lay-out.ts';
import { edgeKinds, lineEnds } from './marks.ts';

interface DrawingProps {
  readonly graph: Graph;
  readonly laid: Layout;
  readonly toggle: (node: string) => void;
  readonly drawing: RefObject<SVGSVGElement | null>;
}

export function Drawing({ graph, laid, toggle, drawing }: DrawingProps): JSX.Element {
  return (
    <svg
      ref={drawing as Ref<SVGSVGElement>}
      class="map"
      viewBox={`0 0 ${laid.width} ${laid.height}`}
      width={laid.width}
      height={laid.height}
      role="group"
      aria-label="who asks whom"
    >
      <defs>
        {edgeKinds.map((kind) => (
          <marker
            key={kind}
            id={`arrow-${kind}`}
            class={kind}
            viewBox="0 0 8 8"
            refX={8}
            refY={4}
            markerWidth={9}
            markerHeight={9}
            markerUnits="userSpaceOnUse"
            orient="auto"
          >
            <path d={lineEnds[kind]} />
          </marker>
        ))}
      </defs>
      {graph.edges.map((edge, i) => {
        const points = laid.edges[i] ?? [];
        const kind = kindOf(edge);
        return (
          <path
            key={`${edge.from} ${edge.to}`}
            class={`edge ${kind}`}
            marker-end={`url(#arrow-${kind})`}
            d={edge.from === edge.to ? loopOf(laid.nodes[edge.from]) : curveOf(points)}
          >
            <title>{`${edge.from} → ${edge.to}: ${edge.allowed} allowed, ${edge.denied} denied${edge.unseen ? ', more is allowed and was never seen' : ''}${edge.conflict === '' ? '' : `, ${edge.conflict}`}`}</title>
          </path>
        );
      })}
      {graph.nodes.map((name) => {
        const at = laid.nodes[name];
        return (
          at && (
            <g
              key={name}
              class="node"
              role="button"
              tabindex={0}
              aria-label={name}
              transform={`translate(${at.x - at.width / 2} ${at.y - at.height / 2})`}
              onClick={() => toggle(name)}
              onKeyDown={(event) => {
                if (event.key !== 'Enter' && event.key !== ' ') return;
                event.preventDefault();
                toggle(name);
              }}
            >
              <rect width={at.width} height={at.height} rx={5} />
              <text x={at.width / 2} y={at.height / 2 + 4}>
                {name}
              </text>
            </g>
          )
        );
      })}
    </svg>
  );
}

/** Out of a node below, and back into it. */
function loopOf(node: Layout['nodes'][string] | undefined): string {
  if (node === undefined) return '';
  const [x, y] = [node.x, node.y + node.height / 2];
  return `M${x - 12} ${y} C${x - 34} ${y + 38} ${x + 34} ${y + 38} ${x + 12} ${y}`;
}

/** Through the middles of the lines between the points, so that no corner is sharp. */
function curveOf(points: Layout['edges'][number]): string {
  const [first, ...rest] = points;
  const last = rest.pop();
  if (first === undefined || last === undefined) return '';
  const told = rest.map(({ x, y }, i) => {
    const next = rest[i + 1] ?? last;
    return `Q${x.toFixed(1)} ${y.toFixed(1)} ${((x + next.x) / 2).toFixed(1)} ${((y + next.y) / 2).toFixed(1)}`;
  });
  return `M${first.x.toFixed(1)} ${first.y.toFixed(1)} ${told.join(' ')} L${last.x.toFixed(1)} ${last.y.toFixed(1)}`;
}
