/**
 * A graph as a matrix: a row asks, a column is asked. Only the part that is seen is drawn; the table below it says the same in words.
 * @module
 */
import type { JSX, TargetedMouseEvent } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { type EdgeKind, type Graph, type GraphEdge, kindOf } from '../model/graph.ts';
import { colourOf } from '../parts/colour.ts';
import { cellMarks, edgeKinds } from './marks.ts';

const CELL_PX = 16;
/** Left of the cells stands who asks. */
const LEFT_PX = 220;
/** Above them who is asked. */
const ABOVE_PX = 150;

export function Matrix({ graph }: { readonly graph: Graph }): JSX.Element {
  const { nodes, edges } = graph;
  const frame = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const at = new Map(nodes.map((name, i) => [name, i]));
  const cells = new Map(edges.map((edge) => [(at.get(edge.from) ?? 0) * nodes.length + (at.get(edge.to) ?? 0), edge]));
  const redraw = (): void => {
    if (frame.current !== null && canvas.current !== null) draw(nodes, cells, frame.current, canvas.current);
  };
  const latest = useRef(redraw);
  latest.current = redraw;
  useEffect(redraw);
  useEffect(() => {
    const again = (): void => latest.current();
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    const resized = new ResizeObserver(again);
    if (frame.current !== null) resized.observe(frame.current);
    scheme.addEventListener('change', again);
    return () => {
      resized.disconnect();
      scheme.removeEventListener('change', again);
    };
  }, []);
  /** What is under the mouse, in words. */
  const tell = ({ clientX, clientY, currentTarget }: TargetedMouseEvent<HTMLDivElement>): void => {
    const { left, top } = currentTarget.getBoundingClientRect();
    const [x, y] = [clientX - left - LEFT_PX, clientY - top - ABOVE_PX];
    const column = x < 0 ? -1 : Math.floor((x + currentTarget.scrollLeft) / CELL_PX);
    const row = y < 0 ? -1 : Math.floor((y + currentTarget.scrollTop) / CELL_PX);
    currentTarget.title = titleOf(nodes[row], nodes[column], cells.get(row * nodes.length + column));
  };
  const side = nodes.length * CELL_PX;
  return (
    <div
      class="matrix"
      tabIndex={0}
      role="img"
      aria-label="the matrix of who asks whom; the table below says it in words"
      ref={frame}
      onScroll={redraw}
      onMouseMove={tell}
    >
      <div class="matrix-space" style={{ width: `${LEFT_PX + side}px`, height: `${ABOVE_PX + side}px` }}>
        <canvas ref={canvas} />
      </div>
    </div>
  );
}

function titleOf(from: string | undefined, to: string | undefined, edge: GraphEdge | undefined): string {
  if (from === undefined || to === undefined) return from ?? to ?? '';
  if (edge === undefined) return `${from} → ${to}: nothing`;
  const { allowed, denied, unseen, conflict } = edge;
  const more = `${unseen ? ', more is allowed and was never seen' : ''}${conflict === '' ? '' : `, ${conflict}`}`;
  return `${from} → ${to}: ${allowed} allowed, ${denied} denied${more}`;
}

/** Draws the rows and columns that the frame shows. */
function draw(
  nodes: readonly string[],
  cells: ReadonlyMap<number, GraphEdge>,
  frame: HTMLDivElement,
  canvas: HTMLCanvasElement,
): void {
  const context = canvas.getContext('2d');
  if (context === null) return;
  const { clientWidth: width, clientHeight: height, scrollLeft, scrollTop } = frame;
  const scale = devicePixelRatio;
  [canvas.width, canvas.height] = [width * scale, height * scale];
  [canvas.style.width, canvas.style.height] = [`${width}px`, `${height}px`];
  context.scale(scale, scale);
  const style = getComputedStyle(frame);
  const paints = paintsOf(frame);
  const columns = seen(scrollLeft, width - LEFT_PX, nodes.length);
  const rows = seen(scrollTop, height - ABOVE_PX, nodes.length);
  const x = (column: number): number => LEFT_PX + column * CELL_PX - scrollLeft;
  const y = (row: number): number => ABOVE_PX + row * CELL_PX - scrollTop;
  context.save();
  context.beginPath();
  context.rect(LEFT_PX, ABOVE_PX, width, height);
  context.clip();
  for (const row of rows)
    for (const column of columns) {
      const edge = cells.get(row * nodes.length + column);
      context.setTransform(scale, 0, 0, scale, x(column) * scale, y(row) * scale);
      paint(context, paints[edge === undefined ? 'nothing' : kindOf(edge)]);
    }
  context.restore();
  context.fillStyle = style.color;
  context.font = `11px ${style.fontFamily}`;
  context.textBaseline = 'middle';
  write(context, rows, nodes, { px: LEFT_PX - 12, place: (row) => [6, y(row) + CELL_PX / 2], turn: 0, from: ABOVE_PX });
  write(context, columns, nodes, {
    ...{ px: ABOVE_PX - 12, place: (column) => [x(column) + CELL_PX / 2, ABOVE_PX - 6] },
    ...{ turn: -Math.PI / 2, from: LEFT_PX },
  });
}

/** How a cell looks. */
interface Paint {
  readonly fill: string;
  readonly stroke: string;
  readonly mark: Path2D | undefined;
}

function paintsOf(frame: HTMLDivElement): Readonly<Record<EdgeKind | 'nothing', Paint>> {
  const [ground, box] = [colourOf(frame, '--ground'), colourOf(frame, '--box')];
  const made = edgeKinds.map((kind): [EdgeKind, Paint] => {
    const { isFilled, path } = cellMarks[kind];
    const colour = colourOf(frame, `--${kind}`);
    const [fill, stroke] = isFilled ? [colour, ground] : [box, colour];
    return [kind, { fill, stroke, mark: path === '' ? undefined : new Path2D(path) }];
  });
  const nothing = { fill: box, stroke: box, mark: undefined };
  return { nothing, ...(Object.fromEntries(made) as Record<EdgeKind, Paint>) }; // of each
}

function paint(context: CanvasRenderingContext2D, { fill, stroke, mark }: Paint): void {
  context.fillStyle = fill;
  context.fillRect(0, 0, CELL_PX - 1, CELL_PX - 1);
  if (mark === undefined) return;
  context.strokeStyle = stroke;
  context.lineWidth = 2;
  context.stroke(mark);
}

interface Labels {
  /** How long a name may be. */
  readonly px: number;
  readonly place: (index: number) => readonly [x: number, y: number];
  readonly turn: number;
  /** What is half under the other labels is left out. */
  readonly from: number;
}

function write(
  context: CanvasRenderingContext2D,
  indices: readonly number[],
  nodes: readonly string[],
  { px, place, turn, from }: Labels,
): void {
  for (const index of indices) {
    const [x, y] = place(index);
    if ((turn === 0 ? y : x) < from) continue;
    context.save();
    context.translate(x, y);
    context.rotate(turn);
    context.fillText(fitting(context, nodes[index] ?? '', px), 0, 0);
    context.restore();
  }
}

/** A name, or as much of its end as there is room for: beginnings are alike. */
function fitting(context: CanvasRenderingContext2D, name: string, px: number): string {
  const wide = context.measureText(name).width;
  return wide <= px ? name : `…${name.slice(Math.ceil(name.length * (1 - px / wide)) + 1)}`;
}

/** Indices of what is seen of so many. */
function seen(scrolled: number, px: number, count: number): readonly number[] {
  const first = Math.max(0, Math.floor(scrolled / CELL_PX));
  const last = Math.min(count, Math.ceil((scrolled + Math.max(0, px)) / CELL_PX));
  return Array.from({ length: Math.max(0, last - first) }, (_, i) => first + i);
}
