/**
 * How a view looks that has nothing to show yet, or nothing at all.
 * @module
 */
import type { ComponentChildren, JSX } from 'preact';
import type { Polled } from '../session/poll.ts';

/** Shows what is known; before that, why it is not; with an older answer, that it is one. */
export function Known<A>({
  polled,
  children,
}: {
  readonly polled: Polled<A>;
  readonly children: (answer: A) => ComponentChildren;
}): JSX.Element {
  const { answer, trouble } = polled;
  if (answer === undefined) return trouble === '' ? <p class="loading">…</p> : <Trouble text={trouble} />;
  return (
    <>
      {trouble !== '' && <Trouble text={`not up to date: ${trouble}`} />}
      {children(answer)}
    </>
  );
}

/** Something that does not work, in words. */
export const Trouble = ({ text }: { readonly text: string }): JSX.Element => (
  <p class="trouble" role="alert">
    {text}
  </p>
);
