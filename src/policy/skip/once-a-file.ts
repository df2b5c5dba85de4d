/**
 * Says once what is true of many documents of a file.
 * @module
 */
import type { Finding } from '../documents/finding.ts';

/** One cause, however many documents have it. */
const once: ReadonlySet<Finding['code']> = new Set(['other-system', 'not-enforceable-here']);

/** Of findings that all say the same of documents of several files, the first, which says how many more there are. */
export function onceInAll([first, ...rest]: readonly Finding[]): readonly Finding[] {
  if (first === undefined || rest.length === 0) return first === undefined ? [] : [first];
  const files = new Set([first, ...rest].map(({ file }) => file)).size;
  const where = files === 1 ? 'this file' : `${files} files`;
  const more = `${rest.length} more ${rest.length === 1 ? 'document' : 'documents'} of ${where}`;
  return [{ ...first, message: `${first.message}; so it is with ${more}` }];
}

/** Of such findings the first, which says how many more there are. @param findings  those of a file in the order of their places */
export function onceAFile(findings: readonly Finding[]): readonly Finding[] {
  const all = Map.groupBy(findings, ({ file, code }) => `${code} ${file}`);
  return findings.flatMap((finding) => {
    const alike = once.has(finding.code) ? (all.get(`${finding.code} ${finding.file}`) ?? []) : [finding];
    if (alike[0] !== finding) return [];
    const more = alike.length - 1;
    if (more === 0) return [finding];
    const message = `${finding.message}; so it is with ${more} more ${more === 1 ? 'document' : 'documents'} of this file`;
    return [{ ...finding, message }];
  });
}
