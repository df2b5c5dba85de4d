/**
 * Why a decision fell so: stage by stage, rule by rule, what came near, and the smallest change.
 * @module
 */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Derivation as Derived } from '../../admin-api/decisions.ts';
import { shortId } from '../model/decisions.ts';
import { CopyButton } from '../parts/copy-button.tsx';
import { type Fact, Facts } from '../parts/facts.tsx';
import { Trouble } from '../parts/states.tsx';
import { ask } from '../session/ask.ts';
import { Caller } from './caller.tsx';
import { Explained } from './explained.tsx';

/** The derivation of one decision, by its id. */
export function Derivation({ id, close }: { readonly id: string; readonly close: () => void }): JSX.Element {
  const [told, setTold] = useState<Derived | string | undefined>(undefined);
  useEffect(() => {
    const stopping = new AbortController();
    setTold(undefined);
    ask('GET /v1/decisions/{id}', { id }, stopping.signal).then(setTold, (thrown: Error) => {
      if (!stopping.signal.aborted) setTold(thrown.message);
    });
    return () => stopping.abort();
  }, [id]);
  return (
    <aside class="column detail" aria-label="why">
      <p class="tools">
        <button type="button" onClick={close}>
          Close
        </button>
        <code>{id}</code>
        <CopyButton text={() => id} name="Copy id" />
      </p>
      {told === undefined ? (
        <p class="loading">…</p>
      ) : typeof told === 'string' ? (
        <Trouble text={told} />
      ) : (
        <Body told={told} />
      )}
    </aside>
  );
}

function Body({ told }: { readonly told: Derived }): JSX.Element {
  const { record, before, now, snapshot, inForce, reproduced, notes, test, decider } = told;
  const shown = before ?? now;
  return (
    <>
      <h2>
        <b class={record.decision}>{record.decision}</b> {record.reason}
      </h2>
      {decider !== undefined && <p>made by the decider {decider}</p>}
      {notes.map((note) => (
        <p key={note} class="note">
          {note}
        </p>
      ))}
      {reproduced === false && <Trouble text="derived again, it comes to something else" />}
      <Peer told={told} />
      {told.caller !== undefined && <Caller caller={told.caller} />}
      {shown === null ? (
        <p class="empty">Its request is not kept: there is no derivation.</p>
      ) : (
        <Explained told={shown} />
      )}
      {before !== null && now !== null && snapshot !== inForce && (
        <details>
          <summary>
            under the policies of now (generation {inForce}): <b class={now.decision}>{now.decision}</b>
          </summary>
          <Explained told={now} />
        </details>
      )}
      {test !== null && test !== undefined && (
        <details>
          <summary>as a test</summary>
          <CopyButton text={() => testText(test)} name="Copy" />
          <pre>{testText(test)}</pre>
        </details>
      )}
    </>
  );
}

/** YAML has JSON in it: `gatehouse policy test` reads this as it is. */
const testText = (test: unknown): string => `${JSON.stringify({ tests: [test] }, null, 2)}\n`;

function Peer({ told: { record } }: { readonly told: Derived }): JSX.Element {
  const { source, destination, request } = record;
  const rows: readonly Fact[] = [
    ['caller', source === undefined ? undefined : source.principal || 'no certificate'],
    [
      'from',
      source?.address === undefined || source.address === '' ? undefined : `${source.address}:${source.port ?? ''}`,
    ],
    ['workload', destination && `${shortId(destination.spiffeId)} (found by ${destination.foundBy})`],
    ['request', request && [request.method, `${request.host ?? ''}${request.path ?? ''}`].filter(Boolean).join(' ')],
    ['request id', request?.requestId],
    ['plane', record.plane],
    ['stage', record.stage],
    ['policy', record.policy && `${record.policy}${record.rule === undefined ? '' : ` rule ${record.rule}`}`],
    ['owner', record.owner],
    [
      'candidate',
      record.candidate && `${record.candidate.decision} ${record.candidate.reason} ${record.candidate.policy ?? ''}`,
    ],
  ];
  return <Facts of={rows} />;
}
