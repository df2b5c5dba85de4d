/**
 * Stores with as many issuances as a large cluster leaves behind: made once by the build that is measured, then filled.
 * @module
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Product, startGatehouse } from '../lib/product.ts';
import { istioYaml, rulesOf } from '../lib/same-rules.ts';
import type { Build } from './builds.ts';

/** A place with a store. */
export interface Place {
  readonly folder: string;
  start(): Promise<Product>;
}

export interface Filling {
  readonly rows: number;
  /** So many of them have not expired. */
  readonly live?: number;
  /** Consumers that fetched one certificate each and left, over seven days. */
  readonly left?: number;
}

const HOUR_MS = 3_600_000;
const WEEK_MS = 7 * 24 * HOUR_MS;

/** Makes a store by starting that build once, and fills it. */
export async function placeWith(build: Build, { rows, live = 0, left = 0 }: Filling): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-ledger-'));
  const keyFile = join(folder, 'kek');
  writeFileSync(keyFile, randomBytes(32).toString('base64'), { mode: 0o600 });
  const policy = join(folder, 'policy.yaml');
  writeFileSync(policy, istioYaml(rulesOf(5), false));
  const dataDir = join(folder, 'data');
  mkdirSync(dataDir, { mode: 0o700 });
  const start = (): Promise<Product> =>
    startGatehouse(`growth-ledger-${build.name}`, {
      rules: 0,
      transport: 'lane',
      policy,
      program: build.program,
      more: { dataDir, store: `sqlite:${join(dataDir, 'gatehouse.db')}`, authority: { keyEncryptionKeyFile: keyFile } },
    });
  await (await start()).stop();
  fill(join(dataDir, 'gatehouse.db'), rows, live, left);
  return { folder, start };
}

function fill(file: string, rows: number, live: number, left: number): void {
  const database = new DatabaseSync(file);
  database.exec('PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-400000; PRAGMA temp_store=MEMORY');
  const indexes = database
    .prepare("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'ledger' AND sql IS NOT NULL")
    .all();
  for (const { name } of indexes) database.exec(`DROP INDEX ${String(name)}`);
  const { id } = database
    .prepare(
      "SELECT json_extract(value, '$.id') AS id FROM state, json_each(document, '$.authorities') WHERE json_extract(value, '$.use') = 'x509'",
    )
    .get() as { id: string }; // a store of a server that was started has one
  const now = Date.now();
  // Issued evenly over a week until an hour ago; those that live within the last half hour.
  database
    .prepare(
      `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?)
       INSERT INTO ledger SELECT * FROM (SELECT lower(hex(randomblob(16))), 'x509',
         'spiffe://cluster.local/ns/team-' || (i % 40) || '/sa/app-' || (i % 2000), '["unix:uid:1001","unix:gid:1001"]',
         lower(hex(randomblob(32))), ?, at - 60000, at + ?, at, 'workload-api', 'workload-api:5f3a9c01-' || i, 1
         FROM (SELECT i, CASE WHEN i < ? THEN ? + CAST(i * ? / ? AS INTEGER) ELSE ? + (i - ?) END AS at FROM n))`,
    )
    .run(
      ...[rows, id, HOUR_MS, rows - live, now - WEEK_MS, (WEEK_MS - 2 * HOUR_MS) / Math.max(1, rows - live), 1],
      ...[now - HOUR_MS / 2, rows - live],
    );
  for (const { sql } of indexes) database.exec(String(sql));
  const sent = `[{"sequence":1,"at":' || at || '}]`;
  database
    .prepare(
      `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?)
       INSERT INTO consumers SELECT 'workload-api:5f3a9c02-' || i, '{"consumer":"workload-api:5f3a9c02-' || i ||
         '","channel":"workload-api","spiffeIds":["spiffe://cluster.local/ns/team-' || (i % 40) || '/sa/app-' || (i % 2000) ||
         '"],"kinds":["x509"],"connected":false,"replica":"0d1bd8a0-8b35-4a3e-9d1a-52a3c2d9a2f1","lastSeenAt":' || at ||
         ',"sent":${sent},"firstSequence":1,"acknowledgedSequence":0,"renewedSequence":0,"refusedSequence":0,"lastGrade":"sent"}'
         FROM (SELECT i, ? + i * ? AS at FROM n) WHERE ? > 0`,
    )
    .run(Math.max(1, left), now - WEEK_MS, Math.floor(WEEK_MS / Math.max(1, left)), left);
  database.exec('PRAGMA journal_mode=WAL');
  database.close();
}
