/**
 * What is shown when its script has come.
 * @module
 */
import { signal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { Trouble } from './states.tsx';

/** Parts of one script. */
export interface Later<Name extends string> {
  /** Shows one of them, or that it comes, or why it does not. */
  readonly part: (props: { readonly name: Name }) => JSX.Element;
  /** Fetches the script, once. */
  fetch(): void;
}

/** @param load  imports the parts */
export function later<Name extends string>(
  load: () => Promise<Readonly<Record<Name, () => JSX.Element>>>,
): Later<Name> {
  const come = signal<{ readonly parts?: Readonly<Record<Name, () => JSX.Element>>; readonly failed: boolean }>({
    failed: false,
  });
  let isAsked = false;
  const fetch = (): void => {
    if (isAsked) return;
    isAsked = true;
    load().then(
      (parts) => {
        come.value = { parts, failed: false };
      },
      () => {
        isAsked = false;
        come.value = { failed: true };
      },
    );
  };
  return {
    fetch,
    part: ({ name }) => {
      useEffect(fetch, []);
      const { parts, failed } = come.value;
      const Part: (() => JSX.Element) | undefined = parts?.[name];
      if (Part !== undefined) return <Part />;
      if (!failed) return <p class="loading">…</p>;
      return (
        <>
          <Trouble text="this view could not be fetched: is `gatehouse console` still running?" />
          <p>
            <button type="button" onClick={fetch}>
              Try again
            </button>
          </p>
        </>
      );
    },
  };
}
