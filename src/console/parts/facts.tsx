/**
 * Facts by name, one below the other; what is not known is left out.
 * @module
 */
import type { JSX } from 'preact';
import { visible } from '../model/visible.ts';

/** A name, and what is known: empty or undefined is nothing. */
export type Fact = readonly [name: string, text: string | undefined];

export function Facts({ of }: { readonly of: readonly Fact[] }): JSX.Element {
  const known = of.filter(([, text]) => text !== undefined && text !== '');
  return (
    <dl>
      {known.map(([name, text]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{visible(text ?? '')}</dd>
        </div>
      ))}
    </dl>
  );
}
