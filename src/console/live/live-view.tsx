/**
 * Decisions as they come, and the derivation of the one that is chosen.
 * @module
 */
import { useComputed, useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import type { DecisionRow } from '../../admin-api/decisions.ts';
import { callerText, type LiveFilter, noFilter, requestText, shortId, wanted } from '../model/decisions.ts';
import { countText } from '../model/numbers.ts';
import { clockText } from '../model/times.ts';
import type { Column } from '../parts/column.ts';
import { Table } from '../parts/table.tsx';
import { begun, MOST_ROWS, missed, rows, shown, state } from '../session/stream.ts';
import { address, tell } from '../session/view.ts';
import { Derivation } from './derivation.tsx';

const columns: readonly Column<DecisionRow>[] = [
  { heading: 'Time (UTC)', width: '6.5rem', text: ({ at }) => clockText(at) },
  {
    heading: 'Verdict',
    width: '8rem',
    text: verdictText,
    cell: (row) => (
      <>
        <b class={row.decision}>{row.decision}</b>
        {row.dryRun !== undefined && row.dryRun.decision !== row.decision && (
          <i class="chip">dry run: {row.dryRun.decision}</i>
        )}
        {row.candidate !== undefined && <i class="chip">candidate: {row.candidate.decision}</i>}
        {row.reported && <i class="chip">reported</i>}
      </>
    ),
  },
  { heading: 'From', width: '1fr', text: callerText },
  {
    heading: 'To',
    width: '1fr',
    text: ({ destination }) => (destination === undefined ? '?' : shortId(destination.spiffeId)),
  },
  { heading: 'Request', width: '1.6fr', text: requestText },
  { heading: 'Why', width: '11rem', text: ({ reason }) => reason },
  {
    heading: 'Policy',
    width: '1fr',
    text: ({ policy = '', rule }) => (rule === undefined ? policy : `${policy} rule ${rule}`),
  },
];

/** Beside a derivation, which says the rest. */
const fewColumns = columns.filter(({ heading }) => heading !== 'Why' && heading !== 'Policy');

function verdictText({ decision, dryRun, candidate }: DecisionRow): string {
  const others = [
    dryRun !== undefined && dryRun.decision !== decision ? `dry run: ${dryRun.decision}` : '',
    candidate === undefined ? '' : `candidate: ${candidate.decision}`,
  ];
  return [decision, ...others.filter((each) => each !== '')].join(', ');
}

const filterOf = (query: Readonly<Record<string, string>>): LiveFilter =>
  Object.fromEntries(
    Object.entries(noFilter).map(([name, none]) => [name, query[name] ?? none]),
  ) as unknown as LiveFilter; // of its own names

/** The list, its filters, and the derivation beside it. */
export function Live(): JSX.Element {
  const paused = useSignal<readonly DecisionRow[] | undefined>(undefined);
  /** What was there when somebody scrolled away from the newest: a row that is read does not run away. */
  const held = useSignal<{ readonly rows: readonly DecisionRow[]; readonly shown: number } | undefined>(undefined);
  const topAt = useSignal(0);
  const { query } = address.value;
  const chosen = query['id'];
  const seen = useComputed(() =>
    (paused.value ?? held.value?.rows ?? rows.value).filter(wanted(filterOf(address.value.query))),
  );
  const isEmpty = useComputed(() => rows.value.length === 0);
  return (
    <div class={chosen === undefined || chosen === '' ? 'view' : 'view split'}>
      <div class="column">
        <Filters query={query} />
        <p class="tools">
          <button
            type="button"
            aria-pressed={paused.value !== undefined}
            onClick={() => (paused.value = paused.value === undefined ? rows.value : undefined)}
          >
            {paused.value === undefined ? 'Pause' : 'Go on'}
          </button>
          {held.value !== undefined && <Newer since={held.value.shown} show={() => (topAt.value += 1)} />}
          <Sampled />
        </p>
        <Table
          label="decisions"
          rows={seen.value}
          columns={chosen === undefined || chosen === '' ? columns : fewColumns}
          keyOf={({ id }) => id}
          chosen={chosen}
          choose={({ id }) => tell({ id })}
          classOf={({ decision }) => decision}
          topAt={topAt.value}
          scrolledAway={(isAway) => {
            held.value = isAway ? { rows: rows.value, shown: shown.value } : undefined;
          }}
          empty={
            isEmpty.value
              ? 'Nothing has been decided yet: no Envoy has asked.'
              : 'No decision that is kept here is one of these.'
          }
        />
      </div>
      {chosen !== undefined && chosen !== '' && <Derivation id={chosen} close={() => tell({ id: '' })} />}
    </div>
  );
}

/** What has come since somebody scrolled away from the newest. */
const Newer = ({ since, show }: { readonly since: number; readonly show: () => void }): JSX.Element => (
  <button type="button" onClick={show}>
    {countText(shown.value - since)} newer: to the newest
  </button>
);

/** What is not shown, in words: nobody should take the list for all there was. */
function Sampled(): JSX.Element {
  const { allowed, denied } = state.value ?? {};
  const total = (allowed ?? 0) + (denied ?? 0) - (begun.value ?? 0);
  const less = allowed !== undefined && total > shown.value;
  return (
    <small>
      {less
        ? `${countText(total)} were decided, ${countText(shown.value)} of them came here: the others are counted, not listed. `
        : ''}
      {missed.value > 0 ? `${countText(missed.value)} came too fast. ` : ''}
      The page keeps the latest {countText(MOST_ROWS)}.
    </small>
  );
}

const fields = [
  ['from', 'From'],
  ['to', 'To'],
  ['policy', 'Policy'],
  ['reason', 'Why'],
  ['path', 'Request'],
] as const;

function Filters({ query }: { readonly query: Readonly<Record<string, string>> }): JSX.Element {
  return (
    <form class="filters" onSubmit={(event) => event.preventDefault()}>
      <label>
        Show{' '}
        <select value={query['show'] ?? ''} onChange={(event) => tell({ show: event.currentTarget.value })}>
          <option value="">all</option>
          <option value="deny">denied</option>
          <option value="allow">allowed</option>
          <option value="dry-run">dry run differs</option>
          <option value="candidate">candidate differs</option>
        </select>
      </label>
      {fields.map(([name, title]) => (
        <label key={name}>
          {title}{' '}
          <input
            type="search"
            value={query[name] ?? ''}
            onInput={(event) => tell({ [name]: event.currentTarget.value })}
          />
        </label>
      ))}
    </form>
  );
}
