/**
 * Says once what is true of many documents of a file.
 * @module
 */
import type { Finding } from '../documents/finding.ts';

/** One cause, however many documents have it. */
const once: ReadonlySet<Finding['code']> = new Set(['other-system', 'not-enforceable-here', 'duplicate-copy']);

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
