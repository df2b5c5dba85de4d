/**
 * The text of a file, with what is found in it in its place.
 * @module
 */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { PoliciesAnswer } from '../../admin-api/policies.ts';
import { writeAddress } from '../model/address.ts';
import { Trouble } from '../parts/states.tsx';
import { ask } from '../session/ask.ts';

interface FileTextProps {
  readonly file: string;
  readonly line: number;
  readonly findings: PoliciesAnswer['findings'];
  readonly close: () => void;
}

/** Lines that are drawn around the one that is looked for: a file may have very many. */
const AROUND = 400;

export function FileText({ file, line, findings, close }: FileTextProps): JSX.Element {
  const [told, setTold] = useState<{ readonly text?: string; readonly trouble?: string }>({});
  const marked = useRef<HTMLLIElement>(null);
  useEffect(() => {
    const stopping = new AbortController();
    setTold({});
    ask('GET /v1/policies/file', { file }, stopping.signal).then(setTold, (thrown: Error) => {
      if (!stopping.signal.aborted) setTold({ trouble: thrown.message });
    });
    return () => stopping.abort();
  }, [file]);
  useEffect(() => marked.current?.scrollIntoView({ block: 'center' }), [told.text, line]);
  const own = findings.filter((each) => each.file === file);
  const lines = told.text?.split('\n') ?? [];
  const first = Math.max(0, line - AROUND);
  return (
    <aside class="column detail" aria-label="file">
      <p class="tools">
        <button type="button" onClick={close}>
          Close
        </button>
        <a href={writeAddress({ view: 'what-if', query: { file } })}>What if …</a>
        <code>{file}</code>
      </p>
      {told.trouble !== undefined && <Trouble text={told.trouble} />}
      {first > 0 && <p class="note">lines before {first + 1} are left out</p>}
      <ol class="source" start={first + 1}>
        {lines.slice(first, line + AROUND).map((text, i) => {
          const at = first + i + 1;
          const here = own.filter((each) => each.line === at);
          return (
            <li key={at} ref={at === line ? marked : null} class={at === line ? 'marked' : ''}>
              <code>{text}</code>
              {here.map(({ code, message, severity }) => (
                <p key={code} class={`finding ${severity}`}>
                  {code}: {message}
                </p>
              ))}
            </li>
          );
        })}
      </ol>
      {line + AROUND < lines.length && <p class="note">lines after {line + AROUND} are left out</p>}
    </aside>
  );
}
