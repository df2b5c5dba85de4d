/**
 * What is wrong with a configuration, where, and how to mend it.
 * @module
 */

/** One problem; the JSON form of `config check` is exactly this. Lines and columns count from 1. */
export interface ConfigFinding {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly severity: 'error' | 'warning';
  /** Kebab-case, stable. */
  readonly code: string;
  /** Field path, e.g. `entries[0].selectors[1]`; empty for the document as a whole. */
  readonly path: string;
  readonly message: string;
  readonly fix: string;
}

/** A problem before it has a place in a file. */
export interface Problem {
  readonly code: string;
  readonly path: readonly (string | number)[];
  /** Set when the key itself is the problem, and not its value. */
  readonly key?: string;
  readonly message: string;
  readonly fix: string;
}

/** Writes a field path as people do: `entries[0].selectors[1]`. */
export function textOfPath(path: readonly (string | number)[]): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`))
    .join('')
    .replace(/^\./, '');
}

/** One line for people: place, field, what is wrong, what to do. */
export function textOfFinding({ file, line, column, severity, path, message, fix }: ConfigFinding): string {
  const weight = severity === 'error' ? '' : `${severity}: `;
  return `${file}:${line}:${column}: ${weight}${path === '' ? '' : `${path}: `}${message}${fix === '' ? '' : ` (${fix})`}`;
}
