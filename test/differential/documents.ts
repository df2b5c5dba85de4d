/**
 * The documents of `test/fixtures/istio-validation`, read by Istio's own webhook and CRD now: their verdicts must still be the recorded ones.
 * @module
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { runJudge } from './judge.ts';

export interface DocumentsOutcome {
  readonly documents: number;
  readonly problem: string | undefined;
}

const kinds = ['authorization-policy', 'request-authentication', 'peer-authentication'];

/** Asks Istio about every document. */
export async function checkDocuments(): Promise<DocumentsOutcome> {
  const problems: string[] = [];
  let documents = 0;
  for (const kind of kinds) {
    const path = resolve(`test/fixtures/istio-validation/${kind}.yaml`);
    const recorded = JSON.parse(readFileSync(path.replace(/yaml$/, 'verdicts.json'), 'utf8')) as Recorded[]; // our own fixture
    const refused = await refusedIn(path);
    documents += recorded.length;
    for (const [i, { name, accepted }] of recorded.entries()) {
      if (accepted === refused.has(i))
        problems.push(`${kind} ${name}: recorded as ${accepted ? 'accepted' : 'refused'}`);
    }
  }
  return { documents, problem: problems.length === 0 ? undefined : problems.join('\n') };
}

interface Recorded {
  readonly name: string;
  readonly accepted: boolean;
}

async function refusedIn(path: string): Promise<ReadonlySet<number>> {
  const refused = new Set<number>();
  const onLine = (line: string): void => {
    const index = / #(\d+) (?!warning)/.exec(line)?.[1];
    if (index !== undefined && line.startsWith(path)) refused.add(Number(index));
  };
  await runJudge(['check', path], { onLine, saysNoBy: 1 });
  return refused;
}
