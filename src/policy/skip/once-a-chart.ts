/**
 * Says once of a chart what is true of each of its templates.
 * @module
 */
import { dirname } from 'node:path';
import type { Finding } from '../documents/finding.ts';

/** The directory that a chart's templates lie in, whatever lies between. */
const chartOf = (file: string): string => /^(.*?)\/templates\//.exec(file)?.[1] ?? dirname(file);

/** Of templates that are not rendered one finding a chart, which says of how many files it speaks. */
export function onceAChart(findings: readonly Finding[]): readonly Finding[] {
  const charts = Map.groupBy(
    findings.filter(({ code }) => code === 'helm-template'),
    ({ file }) => chartOf(file),
  );
  const first = new Map([...charts].map(([chart, [finding, ...more]]) => [finding, { chart, more: more.length }]));
  return findings.flatMap((finding) => {
    if (finding.code !== 'helm-template') return [finding];
    const said = first.get(finding);
    if (said === undefined) return [];
    if (said.more === 0) return [finding];
    const message = `${finding.message}; so it is with ${said.more} more ${said.more === 1 ? 'file' : 'files'} of ${said.chart}`;
    return [{ ...finding, message }];
  });
}
