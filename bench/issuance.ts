/**
 * SVIDs a second on one core, with the ledger on a real disk and group commit on, against what the bare cryptography of the
 * same process does: 1 / sign, and 1 / (sign + verify). Shares are of CPU time, which a busy machine changes least.
 *
 * Run: node bench/issuance.ts [seconds for each measure, default 2] [--json]
 */
import { generateKeyPairSync, sign, verify } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuthority } from '../src/identity/authority/create-authority.ts';
import { createLocalKeyStore } from '../src/identity/authority/keys/local-keys.ts';
import { readCsr } from '../src/identity/pki/csr.ts';
import { systemClock } from '../src/lib/clock.ts';
import { createKeyFiles } from '../src/platform/storage/key-files.ts';
import { openSqliteAuthorityStore } from '../src/platform/storage/sqlite-authority-store.ts';
import { entitlementOf, trustDomain } from '../test/support/authority.ts';
import { newEcKey, openssl } from '../test/support/openssl.ts';
import { defaultSettings } from '../test/support/settings.ts';

const seconds = Number(process.argv.slice(2).find((arg) => arg !== '--json') ?? 2);
const IN_FLIGHT = 256;

interface Rate {
  readonly perSecond: number;
  /** CPU time of this process for one, all threads together. */
  readonly cpuMicros: number;
}

/** What `work` does in `forSeconds` with 256 in flight. */
async function countFor(forSeconds: number, work: () => unknown): Promise<number> {
  const end = performance.now() + forSeconds * 1000;
  let count = 0;
  const one = async (): Promise<void> => {
    while (performance.now() < end) {
      const result = work();
      if (result instanceof Promise) await result;
      count += 1;
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, one));
  return count;
}

async function rateOf(work: () => unknown): Promise<Rate> {
  await countFor(2, work); // until it is compiled
  const cpu = process.cpuUsage();
  const start = performance.now();
  const count = await countFor(seconds, work);
  const elapsed = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { perSecond: count / elapsed, cpuMicros: (user + system) / count };
}

const directory = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'));
try {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const bytes = Buffer.alloc(450, 7);
  const signature = sign('sha256', bytes, privateKey);
  const args = ['req', '-new', ...newEcKey, '-keyout', '/dev/null'];
  const csr = openssl([...args, '-subj', '/CN=x', '-outform', 'DER']).stdout;
  await using authority = await createAuthority({
    trustDomain,
    store: openSqliteAuthorityStore(join(directory, 'gatehouse.db'), trustDomain),
    keys: createLocalKeyStore(createKeyFiles(join(directory, 'keys'))),
    clock: systemClock,
    settings: defaultSettings,
  });
  const request = {
    entitlement: entitlementOf('bench'),
    selectors: ['unix:uid:1001', 'unix:gid:1001'],
    channel: 'istio-ca' as const,
  };

  const bareSign = await rateOf(() => sign('sha256', bytes, privateKey));
  const bareVerify = await rateOf(() => verify('sha256', bytes, publicKey, signature));
  const fromKeys = await rateOf(() => authority.issueX509(request));
  const fromCsr = await rateOf(() => authority.issueX509({ ...request, spki: readCsr(csr).spki }));
  const jwt = await rateOf(() => authority.issueJwt({ ...request, audiences: ['db'] }));

  const row = (what: string, rate: Rate): object => ({
    what,
    perSecond: Math.round(rate.perSecond),
    cpuMicros: Number(rate.cpuMicros.toFixed(1)),
    ofSign: Number((bareSign.cpuMicros / rate.cpuMicros).toFixed(2)),
    ofSignAndVerify: Number(((bareSign.cpuMicros + bareVerify.cpuMicros) / rate.cpuMicros).toFixed(2)),
  });
  const rows = [
    row('bare P-256 signature', bareSign),
    row('bare P-256 verification', bareVerify),
    row('X.509-SVID, key made here', fromKeys),
    row('X.509-SVID from a CSR', fromCsr),
    row('JWT-SVID, ES256', jwt),
  ];
  if (process.argv.includes('--json')) console.log(JSON.stringify(rows));
  else console.table(rows);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
