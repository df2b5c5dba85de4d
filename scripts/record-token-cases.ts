/**
 * Compares our token verification with recorded worlds, and keeps a part of them as the fixture of the unit tests.
 *
 *     node scripts/record-token-cases.ts [--write] WORLD…
 *
 * A world is a folder with `policies/` and `vectors.jsonl.gz`, as the judge writes it. Ends with 1 if there is a difference.
 * @module
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { importKeySets } from '../src/authz/jwks/import-key-sets.ts';
import { createTokenVerifier } from '../src/authz/jwt/verifier.ts';
import { readTokenWorld, requestOf, type TokenCase } from '../test/support/token-cases.ts';

const { positionals, values } = parseArgs({ allowPositionals: true, options: { write: { type: 'boolean' } } });
const cases = positionals.flatMap(readTokenWorld);
const differences = await compare(cases);
console.log(`${cases.length} requests, ${differences.length} differences ${differences.slice(0, 20).join(' ')}`);
if (values.write === true) keep(cases);
process.exitCode = differences.length === 0 ? 0 : 1;

/** The ids of the requests that we answer otherwise. */
async function compare(all: readonly TokenCase[]): Promise<string[]> {
  const sources = all.flatMap(({ rules }) => rules.map(({ keys }) => keys));
  const documents = sources.map(
    (keys) =>
      [keys.id, { jwks: keys.from === 'inline' ? keys.jwks : undefined, failure: undefined, fetchedAt: 0 }] as const,
  );
  const keySets = await importKeySets({ generation: 1, documents: new Map(documents) });
  const verify = createTokenVerifier();
  return all.flatMap(({ id, rules, lines, refusal }) => {
    const verdict = verify(requestOf(lines), rules, keySets, Date.now());
    if (verdict.outcome !== 'rejected') return refusal === undefined ? [] : [id];
    const { status, body, wwwAuthenticate, details } = verdict;
    const isSame =
      refusal?.status === status &&
      (refusal.body ?? body) === body &&
      refusal.wwwAuthenticate === wwwAuthenticate &&
      refusal.details === details;
    return isSame ? [] : [id];
  });
}

/** A few of every kind, without what tokens do not depend on. */
function keep(all: readonly TokenCase[]): void {
  const unneeded = new Set(['x-forwarded-client-cert', 'x-request-id', 'te']);
  const kinds = Map.groupBy(
    all.filter(({ rules }) => rules.length > 0),
    ({ refusal, rules }) => `${refusal?.details ?? 'passes'} ${rules.length}`,
  );
  const kept = [...kinds.values()]
    .flatMap((kind) => kind.slice(0, kind[0]?.refusal === undefined ? 60 : 12))
    .map((one) => ({ ...one, lines: one.lines.filter(([name]) => !unneeded.has(name)) }));
  writeFileSync('test/fixtures/jwt/recorded.json.gz', gzipSync(JSON.stringify(kept), { level: 9 }));
}
