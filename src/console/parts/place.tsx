/**
 * Where something is written: opens the file there.
 * @module
 */
import type { JSX } from 'preact';
import { writeAddress } from '../model/address.ts';

export const Place = ({ file, line }: { readonly file: string; readonly line: number }): JSX.Element => (
  <a class="place" href={writeAddress({ view: 'policies', query: { file, line: `${line}` } })}>
    {file.slice(file.lastIndexOf('/') + 1)}:{line}
  </a>
);
