/**
 * How the kinds of edges are drawn.
 * @module
 */
import type { JSX } from 'preact';
import type { EdgeKind } from '../model/graph.ts';
import { cellMarks, edgeKinds, kindNames, lineEnds } from './marks.ts';

/** @param as  lines of the drawing, or cells of the matrix */
export function Legend({ as }: { readonly as: 'lines' | 'cells' }): JSX.Element {
  return (
    <ul class="legend" aria-label="what is drawn how">
      {edgeKinds.map((kind) => (
        <li key={kind}>
          {as === 'lines' ? <Line kind={kind} /> : <Cell kind={kind} />} {kindNames[kind]}
        </li>
      ))}
    </ul>
  );
}

const Line = ({ kind }: { readonly kind: EdgeKind }): JSX.Element => (
  <svg class="map" width={44} height={12} viewBox="0 0 44 12" aria-hidden="true">
    <path class={`edge ${kind}`} d="M0 6h34" />
    <path class={`end ${kind}`} d={lineEnds[kind]} transform="translate(34 1) scale(1.25)" />
  </svg>
);

function Cell({ kind }: { readonly kind: EdgeKind }): JSX.Element {
  const { isFilled, path } = cellMarks[kind];
  return (
    <svg class={`cell ${kind}`} width={15} height={15} viewBox="0 0 15 15" aria-hidden="true">
      {isFilled && <rect width={15} height={15} />}
      <path class={isFilled ? 'ground' : ''} d={path} />
    </svg>
  );
}
