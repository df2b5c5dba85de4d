/**
 * A request that nobody has made: what would be said of it now.
 * @module
 */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { ExplainAnswer } from '../../admin-api/explain.ts';
import { Explained } from '../live/explained.tsx';
import { Trouble } from '../parts/states.tsx';
import { ask } from '../session/ask.ts';
import { address, tell } from '../session/view.ts';

const fields = [
  ['from', 'From', 'NAMESPACE/SERVICEACCOUNT'],
  ['to', 'To', 'NAMESPACE/SERVICEACCOUNT'],
  ['port', 'Port', ''],
  ['method', 'Method', 'GET'],
  ['path', 'Path', '/'],
  ['host', 'Host', ''],
] as const;

export function RequestForm(): JSX.Element {
  const { query } = address.value;
  const [told, setTold] = useState<ExplainAnswer | string | undefined>(undefined);
  const explain = async (): Promise<void> => {
    const { from = '', to = '', port = '', method = '', path = '', host = '' } = query;
    const http = method === 'TCP' ? undefined : { method: method || 'GET', path: path || '/', host };
    try {
      setTold(
        await ask('POST /v1/explain', {
          pair: { from, to, ...(port !== '' && { port: Number(port) }), ...(http && { http }) },
        }),
      );
    } catch (thrown) {
      setTold((thrown as Error).message);
    }
  };
  return (
    <section class="boxed">
      <h2>A request</h2>
      <form
        class="filters"
        onSubmit={(event) => {
          event.preventDefault();
          void explain();
        }}
      >
        {fields.map(([name, title, hint]) => (
          <label key={name}>
            {title}{' '}
            <input
              class={name === 'from' || name === 'to' ? 'wide' : undefined}
              placeholder={hint}
              value={query[name] ?? ''}
              onInput={(event) => tell({ [name]: event.currentTarget.value })}
            />
          </label>
        ))}
        <button type="submit">What would be said?</button>
      </form>
      {typeof told === 'string' && <Trouble text={told} />}
      {typeof told === 'object' && (
        <>
          <p class="answer">
            <b class={told.decision}>{told.decision}</b> {told.reason} {told.policy}
          </p>
          <Explained told={told} />
        </>
      )}
    </section>
  );
}
