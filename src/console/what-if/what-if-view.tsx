/**
 * A policy that is edited here and nowhere else: what it would allow, deny, and have decided otherwise.
 * @module
 */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { countText } from '../model/numbers.ts';
import type { WhatIfAnswer } from '../model/what-if.ts';
import { save } from '../parts/save.ts';
import { Known, Trouble } from '../parts/states.tsx';
import { ask } from '../session/ask.ts';
import { usePolled } from '../session/poll.ts';
import { post } from '../session/session.ts';
import { address, tell } from '../session/view.ts';
import { OutcomeShown } from './outcome.tsx';
import { type Replay, recentTests } from './recent-tests.ts';
import { RequestForm } from './request-form.tsx';

/** Decisions that may be decided again: the server keeps at most as many as the last. */
const replayCounts = [50, 200, 500, 1_000, 2_048] as const;
const USUAL = 200;

export function WhatIf(): JSX.Element {
  const policies = usePolled('GET /v1/policies', {}, 30_000).value;
  const file = address.value.query['file'] ?? '';
  return (
    <div class="view scroll">
      <Known polled={policies}>
        {({ planes, findings }) => {
          const inForce = planes.flatMap(({ stages }) => stages.flatMap(({ policies: some }) => some));
          // A file that is broken has no policy in force, and is what somebody wants to edit.
          const files = [...new Set([...inForce, ...findings].map((each) => each.file))].sort();
          return (
            <>
              <RequestForm />
              <section class="boxed">
                <h2>An edited policy</h2>
                <label class="tools">
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
  const [read, setRead] = useState(0);
  const [outcome, setOutcome] = useState<{ readonly told: WhatIfAnswer; readonly of: Replay } | undefined>(undefined);
  const asked = Number(address.value.query['last'] ?? USUAL);
  const last = replayCounts.find((count) => count === asked) ?? USUAL;
  useEffect(() => {
    ask('GET /v1/policies/file', { file }).then(
      (told) => setText(told.text),
      (thrown: Error) => setTrouble(thrown.message),
    );
  }, [file]);
  const run = async (): Promise<void> => {
    setAsking(true);
    setRead(0);
    setTrouble('');
    try {
      const replay = await recentTests(last, setRead);
      const { tests } = replay;
      setOutcome({ told: (await post('/what-if', { file, text, tests })) as WhatIfAnswer, of: replay }); // the console's own answer
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
          {!isAsking
            ? 'What would change?'
            : read < last
              ? `Reading decisions: ${countText(read)} …`
              : 'Working it out …'}
        </button>
        <label>
          Decided again: the latest{' '}
          <select value={last} onChange={(event) => tell({ last: event.currentTarget.value })}>
            {replayCounts.map((count) => (
              <option key={count} value={count}>
                {countText(count)}
              </option>
            ))}
          </select>
        </label>
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
      {outcome && <OutcomeShown outcome={outcome.told} replay={outcome.of} />}
    </>
  );
}
