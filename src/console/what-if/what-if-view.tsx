/**
 * A policy that is edited here and nowhere else: what it would allow, deny, and have decided otherwise.
 * @module
 */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { WhatIfAnswer } from '../model/what-if.ts';
import { save } from '../parts/save.ts';
import { Known, Trouble } from '../parts/states.tsx';
import { ask } from '../session/ask.ts';
import { usePolled } from '../session/poll.ts';
import { post } from '../session/session.ts';
import { address, tell } from '../session/view.ts';
import { OutcomeShown } from './outcome.tsx';
import { RequestForm } from './request-form.tsx';

/** Decisions that are decided again. */
const REPLAYED = 200;

export function WhatIf(): JSX.Element {
  const policies = usePolled('GET /v1/policies', {}, 30_000).value;
  const file = address.value.query['file'] ?? '';
  return (
    <div class="view scroll">
      <Known polled={policies}>
        {({ planes }) => {
          const files = [
            ...new Set(
              planes.flatMap(({ stages }) => stages.flatMap((stage) => stage.policies.map((each) => each.file))),
            ),
          ].sort();
          return (
            <>
              <RequestForm />
              <section class="boxed">
                <h2>An edited policy</h2>
                <label>
                  File{' '}
                  <select value={file} onChange={(event) => tell({ file: event.currentTarget.value })}>
                    <option value="">choose one</option>
                    {files.map((each) => (
                      <option key={each} value={each}>
                        {each}
                      </option>
                    ))}
                  </select>
                </label>
                {file !== '' && <Editor key={file} file={file} />}
              </section>
            </>
          );
        }}
      </Known>
    </div>
  );
}

function Editor({ file }: { readonly file: string }): JSX.Element {
  const [text, setText] = useState<string | undefined>(undefined);
  const [trouble, setTrouble] = useState('');
  const [isAsking, setAsking] = useState(false);
  const [outcome, setOutcome] = useState<WhatIfAnswer | undefined>(undefined);
  useEffect(() => {
    ask('GET /v1/policies/file', { file }).then(
      (told) => setText(told.text),
      (thrown: Error) => setTrouble(thrown.message),
    );
  }, [file]);
  const run = async (): Promise<void> => {
    setAsking(true);
    setTrouble('');
    try {
      const tests = await recentTests();
      setOutcome((await post('/what-if', { file, text, tests })) as WhatIfAnswer); // the console's own answer
    } catch (thrown) {
      setOutcome(undefined);
      setTrouble((thrown as Error).message);
    }
    setAsking(false);
  };
  return (
    <>
      {text !== undefined && (
        <textarea
          aria-label={`text of ${file}`}
          spellcheck={false}
          rows={24}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      )}
      <p class="tools">
        <button type="button" disabled={text === undefined || isAsking} onClick={() => void run()}>
          {isAsking ? 'Working it out …' : 'What would change?'}
        </button>
        <button
          type="button"
          disabled={text === undefined}
          onClick={() => save(file.slice(file.lastIndexOf('/') + 1), 'text/yaml', text ?? '')}
        >
          Save as a file
        </button>
        <small>Nothing is written where policies are read from.</small>
      </p>
      {trouble !== '' && <Trouble text={trouble} />}
      {outcome && <OutcomeShown outcome={outcome} />}
    </>
  );
}

/** The latest decisions as tests; those whose request is not kept have none. */
async function recentTests(): Promise<readonly unknown[]> {
  const { decisions } = await ask('GET /v1/decisions', { limit: REPLAYED });
  const told = await Promise.allSettled(decisions.map(({ id }) => ask('GET /v1/decisions/{id}', { id })));
  return told.flatMap((each) => {
    if (each.status === 'rejected' || each.value.test === null || each.value.test === undefined) return [];
    return [{ ...(each.value.test as object), name: each.value.record.id }];
  });
}
