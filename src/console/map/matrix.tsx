/**
 * A graph as a matrix: a row asks, a column is asked. Drawn on a canvas; the table below it says the same in words.
 * @module
 */
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { type Graph, kindOf } from '../model/graph.ts';

const MOST_PX = 4_000;

export function Matrix({ graph }: { readonly graph: Graph }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const size = Math.max(2, Math.min(14, Math.floor(MOST_PX / graph.nodes.length)));
  useEffect(() => {
    const drawn = canvas.current;
    const context = drawn?.getContext('2d');
    if (drawn === null || context === null || context === undefined) return;
    const style = getComputedStyle(drawn);
    context.clearRect(0, 0, drawn.width, drawn.height);
    const at = new Map(graph.nodes.map((name, i) => [name, i]));
    for (const edge of graph.edges) {
      context.fillStyle = style.getPropertyValue(`--${kindOf(edge)}`);
      context.fillRect(
        (at.get(edge.to) ?? 0) * size,
        (at.get(edge.from) ?? 0) * size,
        Math.max(1, size - 1),
        Math.max(1, size - 1),
      );
    }
  });
  return (
    <div
      class="matrix"
      tabIndex={0}
      role="img"
      aria-label="the matrix of who asks whom; the table below says it in words"
    >
      <canvas ref={canvas} width={graph.nodes.length * size} height={graph.nodes.length * size} />
    </div>
  );
}
