/**
 * The policies in force as a board, what is found in them, and the text of a file.
 * @module
 */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { PoliciesAnswer } from '../../admin-api/policies.ts';
import { type Lane, lanesOf, type PolicyCard } from '../model/lanes.ts';
import { countText } from '../model/numbers.ts';
import { fromNow } from '../model/times.ts';
import type { Column } from '../parts/column.ts';
import { Place } from '../parts/place.tsx';
import { Known, Trouble } from '../parts/states.tsx';
import { Table } from '../parts/table.tsx';
import { serverNowMs } from '../session/clock.ts';
import { usePolled } from '../session/poll.ts';
import { address, tell } from '../session/view.ts';
import { FileText } from './file-text.tsx';
import { Tenants } from './tenants.tsx';

const EVERY_MS = 10_000;

export function Policies(): JSX.Element {
  const policies = usePolled('GET /v1/policies', {}, EVERY_MS).value;
  const { query } = address.value;
  const isWorkedOut = query['standing'] === 'true';
  const rules = usePolled(
    'GET /v1/rules',
    { limit: 100_000, ...(isWorkedOut && { standing: 'true' as const }) },
    isWorkedOut ? 10 * EVERY_MS : EVERY_MS,
  ).value;
  return (
    <div class={query['file'] ? 'view split' : 'view'}>
      <div class="column scroll">
        {rules.trouble !== '' && <Trouble text={`hits: ${rules.trouble}`} />}
        <Known polled={policies}>
          {(answer) => (
            <>
              <p class="note">{answer.summary}</p>
              <p class="tools">
                <button
                  type="button"
                  aria-pressed={isWorkedOut}
                  onClick={() => tell({ standing: isWorkedOut ? '' : 'true' })}
                >
                  Work out which rules could never decide
                </button>
                {isWorkedOut && rules.answer?.standingUnknown !== '' && <small>{rules.answer?.standingUnknown}</small>}
              </p>
              <Board lanes={lanesOf(answer, rules.answer ?? { rules: [] })} />
              <Findings answer={answer} />
              <Tenants planes={answer.planes} />
            </>
          )}
        </Known>
      </div>
      {query['file'] !== undefined && query['file'] !== '' && (
        <FileText
          file={query['file']}
          line={Number(query['line'] ?? 1)}
          findings={policies.answer?.findings ?? []}
          close={() => tell({ file: '', line: '' })}
        />
      )}
    </div>
  );
}

function Board({ lanes }: { readonly lanes: readonly Lane[] }): JSX.Element {
  const idle = lanes.filter(({ cards }) => cards.length === 0);
  return (
    <>
      {idle.length > 0 && <p class="note">No policy: {idle.map(({ title }) => title).join(', ')}.</p>}
      <div class="board">
        {lanes
          .filter(({ cards }) => cards.length > 0)
          .map((lane) => (
            <LaneBox key={lane.id} lane={lane} />
          ))}
      </div>
    </>
  );
}

const cardColumns: readonly Column<PolicyCard>[] = [
  {
    heading: 'Policy',
    width: '1fr',
    text: ({ name, isDryRun }) => `${name}${isDryRun ? ' (dry run)' : ''}`,
  },
  { heading: 'Owner', width: '7rem', text: ({ owner }) => owner },
  { heading: 'Rules', width: '3.5rem', text: ({ rules }) => `${rules.length}` },
  { heading: 'Hits', width: '5rem', text: ({ hits }) => countText(hits) },
  {
    heading: 'Last',
    width: '6.5rem',
    text: ({ lastAt }) => lastAt ?? '',
    cell: ({ lastAt }) => (lastAt === null ? 'never' : fromNow(lastAt, serverNowMs())),
  },
];

function LaneBox({ lane: { title, cards } }: { readonly lane: Lane }): JSX.Element {
  const [chosen, setChosen] = useState<PolicyCard | undefined>(undefined);
  const shown =
    chosen === undefined ? undefined : cards.find(({ name, kind }) => name === chosen.name && kind === chosen.kind);
  return (
    <section class="boxed lane">
      <h2>{title}</h2>
      <Table
        label={title}
        rows={cards}
        keyOf={({ kind, name }) => `${kind} ${name}`}
        chosen={shown && `${shown.kind} ${shown.name}`}
        choose={(card) => {
          setChosen(card);
          tell({ file: card.file, line: `${card.line}` });
        }}
        columns={cardColumns}
        empty="None."
      />
      {shown && (
        <ol class="rules" aria-label={`rules of ${shown.name}`}>
          {shown.rules.map((rule) => (
            <li key={`${rule.direction} ${rule.rule}`} value={rule.rule}>
              {`${rule.direction} ${rule.effect}${rule.counts === 'enforce' ? '' : ` (${rule.counts})`}: `}
              {`${countText(rule.count)} hits, `}
              {rule.lastAt === null ? 'never' : fromNow(rule.lastAt, serverNowMs())}
              {rule.standing !== 'hit' && rule.standing !== 'unknown' && <i class="chip">{rule.standing}</i>}
              {(rule.by ?? []).map(({ policy, rule: other, file, line }, i) => (
                <span key={`${policy} ${other}`}>
                  {i === 0 ? ' by ' : ', '}
                  {policy}
                  {other !== null && ` rule ${other}`} <Place file={file} line={line} />
                </span>
              ))}
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

function Findings({ answer: { findings, degraded } }: { readonly answer: PoliciesAnswer }): JSX.Element {
  return (
    <section class="boxed">
      <h2>Findings</h2>
      {degraded.length > 0 && <Trouble text={`not in force as it is written: ${degraded.join(', ')}`} />}
      <Table
        label="findings"
        rows={findings}
        keyOf={({ file, line, column, code, path }) => `${file}:${line}:${column} ${code} ${path}`}
        choose={({ file, line }) => tell({ file, line: `${line}` })}
        classOf={({ severity }) => (severity === 'error' ? 'deny' : '')}
        columns={[
          { heading: 'Severity', width: '6rem', text: ({ severity }) => severity },
          { heading: 'Code', width: '11rem', text: ({ code }) => code },
          {
            heading: 'Where',
            width: '14rem',
            text: ({ file, line }) => `${file}:${line}`,
            cell: ({ file, line }) => `${file.slice(file.lastIndexOf('/') + 1)}:${line}`,
          },
          { heading: 'Owner', width: '8rem', text: ({ owner = '' }) => owner },
          { heading: 'What', width: '2fr', text: ({ message }) => message },
          { heading: 'Fix', width: '1fr', text: ({ fix }) => fix },
        ]}
        empty="Nothing is found."
      />
    </section>
  );
}
