/**
 * Text patterns matched the plain way, one value at a time, without compiling anything.
 * @module
 */
import { assertNever } from '../../lib/assert-never.ts';
import type { TextPattern } from '../model.ts';

/** Tells whether a value matches a pattern. The meaning is that of `compile/match/text-pattern.ts`, reached by another way. */
export function matches(pattern: TextPattern, value: string): boolean {
  switch (pattern.is) {
    case 'exact':
      return fold(pattern, value) === fold(pattern, pattern.value);
    case 'prefix':
      return fold(pattern, value).slice(0, pattern.value.length) === fold(pattern, pattern.value);
    case 'suffix':
      return (
        value.length >= pattern.value.length &&
        fold(pattern, value).slice(value.length - pattern.value.length) === fold(pattern, pattern.value)
      );
    case 'present':
      return true;
    case 'nonEmpty':
      return value.length > 0 && !value.includes('\n');
    case 'glob':
      return matchesGlob(pattern.parts, value, pattern.within === 'segment' ? '/' : '\n');
    case 'under':
      return (
        value === pattern.value || value.startsWith(pattern.value.endsWith('/') ? pattern.value : `${pattern.value}/`)
      );
    case 'template':
      return matchesTemplate(pattern.text, value);
    case 'serviceAccount':
      return matchesServiceAccount(pattern, value);
    default:
      return assertNever(pattern);
  }
}

function fold(pattern: { readonly ignoreCase?: boolean }, text: string): string {
  return pattern.ignoreCase
    ? [...text].map((char) => (char >= 'A' && char <= 'Z' ? char.toLowerCase() : char)).join('')
    : text;
}

/** Tries every place for the second part, then for the third, and so on. */
function matchesGlob(parts: readonly string[], value: string, barred: string): boolean {
  const [first = '', second, ...rest] = parts;
  if (!value.startsWith(first)) return false;
  const after = value.slice(first.length);
  if (second === undefined) return after === '';
  for (let run = 0; run <= after.length; run++) {
    if (run > 0 && after[run - 1] === barred) return false;
    if (matchesGlob([second, ...rest], after.slice(run), '\n')) return true;
  }
  return false;
}

const PCHAR = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%!$&'()+,;:@=*";

/** Consumes the template from the left; an open segment takes one byte or more, an open rest any number. */
function matchesTemplate(template: string, path: string): boolean {
  if (template.startsWith('{**}')) {
    for (let taken = 0; taken <= path.length; taken++) {
      if (taken > 0 && !`${PCHAR}/`.includes(path[taken - 1]!)) return false;
      if (matchesTemplate(template.slice(4), path.slice(taken))) return true;
    }
    return false;
  }
  if (template.startsWith('{*}')) {
    for (let taken = 1; taken <= path.length; taken++) {
      if (!PCHAR.includes(path[taken - 1]!)) return false;
      if (matchesTemplate(template.slice(3), path.slice(taken))) return true;
    }
    return false;
  }
  if (template === '' || path === '') return template === path;
  return template[0] === path[0] && matchesTemplate(template.slice(1), path.slice(1));
}

/** `spiffe://` + at least one byte + `/ns/N/` + nothing or more segments + `sa/S` + nothing or `/` and at least one byte. */
function matchesServiceAccount(
  { namespace, serviceAccount }: { readonly namespace: string; readonly serviceAccount: string },
  value: string,
): boolean {
  const start = `/ns/${namespace}/`;
  const forms = [
    ['spiffe://', `${start}sa/${serviceAccount}`],
    ['spiffe://', `${start}sa/${serviceAccount}/`, ''],
    ['spiffe://', start, `/sa/${serviceAccount}`],
    ['spiffe://', start, `/sa/${serviceAccount}/`, ''],
  ];
  return forms.some((parts) => matchesOpenGlob(parts, value));
}

/** Like a glob, but every run takes at least one byte. */
function matchesOpenGlob([first = '', second, ...rest]: readonly string[], value: string): boolean {
  if (!value.startsWith(first)) return false;
  const after = value.slice(first.length);
  if (second === undefined) return after === '';
  for (let run = 1; run <= after.length && after[run - 1] !== '\n'; run++) {
    if (matchesOpenGlob([second, ...rest], after.slice(run))) return true;
  }
  return false;
}
