/**
 * The edges of a graph in words.
 * @module
 */
import type { JSX } from 'preact';
import { type Graph, kindOf } from '../model/graph.ts';
import { countText } from '../model/numbers.ts';
import { Table } from '../parts/table.tsx';
import { go } from '../session/view.ts';
import { kindNames } from './marks.ts';

export function EdgeTable({ graph }: { readonly graph: Graph }): JSX.Element {
  return (
    <section class="boxed">
      <h2>In words</h2>
      <Table
        label="edges"
        rows={graph.edges}
        keyOf={({ from, to }) => `${from} → ${to}`}
        open={({ from, to }) => go('live', { from: from === '?' ? '' : from, to: to === '?' ? '' : to })}
        classOf={(edge) => kindOf(edge)}
        columns={[
          { heading: 'From', width: '1fr', text: ({ from }) => from },
          { heading: 'To', width: '1fr', text: ({ to }) => to },
          { heading: 'What', width: '11rem', text: (edge) => kindNames[kindOf(edge)] },
          { heading: 'Allowed', width: '5rem', text: ({ allowed }) => countText(allowed) },
          { heading: 'Denied', width: '5rem', text: ({ denied }) => countText(denied) },
          { heading: 'Planes', width: '1fr', text: ({ conflict }) => conflict },
          { heading: 'More allowed', width: '7rem', text: ({ unseen }) => (unseen ? 'never seen' : '') },
        ]}
        empty="None."
      />
    </section>
  );
}
