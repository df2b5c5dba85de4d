/**
 * Who asks whom: what was seen and allowed, seen and denied, and allowed and never seen.
 * @module
 */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { type Graph, graphOf, MOST_NODES, namespaceOf } from '../model/graph.ts';
import { countText } from '../model/numbers.ts';
import type { PairsAnswer } from '../model/pairs.ts';
import { saveSvg } from '../parts/save.ts';
import { Known, Trouble } from '../parts/states.tsx';
import { usePolled } from '../session/poll.ts';
import { post } from '../session/session.ts';
import { address, tell } from '../session/view.ts';
import { Drawing } from './drawing.tsx';
import { EdgeTable } from './edge-table.tsx';
import { type Layout, layOut } from './lay-out.ts';
import { Legend } from './legend.tsx';
import { Matrix } from './matrix.tsx';

const nothingAsked: PairsAnswer = { pairs: [], conflicts: [], note: '' };

export function MapView(): JSX.Element {
  const edges = usePolled('GET /v1/edges', { limit: 20_000 }, 5_000).value;
  const { query } = address.value;
  const [pairs, setPairs] = useState<PairsAnswer | string>(nothingAsked);
  const known = typeof pairs === 'string' ? nothingAsked : pairs;
  const unfolded = new Set((query['open'] ?? '').split(',').filter(Boolean));
  const toggle = (node: string): void => {
    const namespace = namespaceOf(node) ?? node;
    const others = [...unfolded].filter((each) => each !== namespace);
    tell({ open: (unfolded.has(namespace) ? others : [...others, namespace]).join(',') });
  };
  const readPairs = async (): Promise<void> => {
    try {
      setPairs((await post('/allowed-pairs', {})) as PairsAnswer); // the console's own answer
    } catch (thrown) {
      setPairs((thrown as Error).message);
    }
  };
  return (
    <div class="view scroll">
      <p class="tools">
        <label>
          Search{' '}
          <input
            type="search"
            value={query['search'] ?? ''}
            onInput={(event) => tell({ search: event.currentTarget.value })}
          />
        </label>
        <button type="button" onClick={() => void readPairs()}>
          Add what is allowed and was never seen
        </button>
      </p>
      {typeof pairs === 'string' && <Trouble text={pairs} />}
      {known.note !== '' && <p class="note">{known.note}</p>}
      <Known polled={edges}>
        {({ edges: seen, edgeCount }) => {
          const graph = graphOf(seen, {
            unfolded,
            search: query['search'] ?? '',
            allowedPairs: known.pairs,
            conflicts: known.conflicts,
          });
          return (
            <>
              {edgeCount > seen.length && (
                <p class="note">
                  The {countText(seen.length)} busiest of {countText(edgeCount)} edges.
                </p>
              )}
              {graph.nodes.length === 0 && <p class="empty">Nobody has asked for anyone yet.</p>}
              {graph.nodes.length > 0 && <Shown graph={graph} toggle={toggle} />}
              <EdgeTable graph={graph} />
            </>
          );
        }}
      </Known>
    </div>
  );
}

/** The drawing while there are few; else, or where it cannot be laid out in time, the matrix. */
function Shown({ graph, toggle }: { readonly graph: Graph; readonly toggle: (node: string) => void }): JSX.Element {
  const [laid, setLaid] = useState<Layout | 'late' | undefined>(undefined);
  const drawing = useRef<SVGSVGElement>(null);
  const isSmall = graph.nodes.length <= MOST_NODES;
  const key = isSmall ? JSON.stringify([graph.nodes, graph.edges.map(({ from, to }) => [from, to])]) : '';
  useEffect(() => {
    if (key === '') return undefined;
    return layOut(graph, setLaid);
  }, [key]);
  if (!isSmall || laid === 'late')
    return (
      <>
        <p class="note">
          {isSmall ? 'It could not be laid out in two seconds' : `${graph.nodes.length} nodes are too many to draw`}: a
          row asks, a column is asked.
        </p>
        <Legend as="cells" />
        <Matrix graph={graph} />
      </>
    );
  return (
    <section class="boxed">
      <p class="tools">
        <button type="button" onClick={() => drawing.current && saveSvg('map.svg', drawing.current)}>
          SVG
        </button>
        <small>A namespace is unfolded by a click, or by Enter.</small>
      </p>
      <Legend as="lines" />
      {laid === undefined ? (
        <p class="loading">…</p>
      ) : (
        <Drawing graph={graph} laid={laid} toggle={toggle} drawing={drawing} />
      )}
    </section>
  );
}
