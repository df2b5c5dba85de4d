/**
 * The worker that lays out a graph.
 * @module
 */
import { graphlib, layout } from '@dagrejs/dagre';
import type { Layout } from './lay-out.ts';

interface Asked {
  readonly nodes: readonly string[];
  readonly edges: readonly (readonly [from: string, to: string])[];
}

const CHARACTER_PX = 7.5;

addEventListener('message', ({ data }: MessageEvent<Asked>) => {
  postMessage(laidOut(data));
});
postMessage('ready');

function laidOut({ nodes, edges }: Asked): Layout {
  const graph = new graphlib.Graph({ multigraph: true });
  graph.setGraph({ rankdir: 'LR', nodesep: 18, ranksep: 90, marginx: 12, marginy: 40 });
  for (const name of nodes) graph.setNode(name, { width: name.length * CHARACTER_PX + 24, height: 30 });
  // Who asks itself is drawn at its node.
  for (const [i, [from, to]] of edges.entries()) if (from !== to) graph.setEdge(from, to, {}, `${i}`);
  layout(graph);
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  return {
    width,
    height,
    nodes: Object.fromEntries(
      nodes.map((name) => {
        const {
          x,
          y,
          width: wide,
          height: high,
        } = graph.node(name) as { x: number; y: number; width: number; height: number };
        return [name, { x, y, width: wide, height: high }];
      }),
    ),
    edges: edges.map(([from, to], i) =>
      from === to
        ? []
        : (graph.edge(from, to, `${i}`) as { points: readonly { x: number; y: number }[] }).points.map(({ x, y }) => ({
            x,
            y,
          })),
    ),
  };
}
