/**
 * A taint of 100,000 live certificates, under virtual time with real keys and a real ledger: how many are signed in one second at
 * most, when all are renewed, and what each costs.
 *
 * Run: node bench/taint.ts [certificates, default 100000]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuthority } from '../src/identity/authority/create-authority.ts';
import { createLocalKeyStore, createMemoryKeyBlobs } from '../src/identity/authority/keys/local-keys.ts';
import { openSqliteAuthorityStore } from '../src/platform/storage/sqlite-authority-store.ts';
import type { X509Svid } from '../src/spiffe/svid.ts';
import { entitlementOf, orderOf, trustDomain } from '../test/support/authority.ts';
import { defaultSettings } from '../test/support/settings.ts';

/** The longest time between two turns of the event loop while `work` runs, in milliseconds. */
async function longestTurn(work: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  let last = performance.now();
  let isRunning = true;
  const take = (): void => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (isRunning) setImmediate(take);
  };
  setImmediate(take);
  await work();
  isRunning = false;
  return longest;
}

const live = Number(process.argv[2] ?? 100_000);
const TICK_MS = 250;
const DAY_MS = 86_400_000;
const directory = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'));
let now = Date.parse('2030-01-01T00:00:00Z');
try {
  await using authority = await createAuthority({
    trustDomain,
    store: openSqliteAuthorityStore(join(directory, 'gatehouse.db'), trustDomain),
    keys: createLocalKeyStore(createMemoryKeyBlobs()),
    clock: { now: () => now },
    settings: defaultSettings,
    tickEveryMs: 0,
  });
  // A day, so that nothing is due by itself while the taint is under way.
  const request = {
    entitlement: entitlementOf('bench', DAY_MS),
    selectors: ['unix:uid:1001'],
    channel: 'self' as const,
  };
  const issueMany = async (count: number): Promise<X509Svid[]> => {
    const out: X509Svid[] = [];
    for (let i = 0; i < count; i += 256) {
      const some = Array.from({ length: Math.min(256, count - i) }, () => authority.issueX509(request));
      out.push(...(await Promise.all(some)));
    }
    return out;
  };
  let held = await issueMany(live);
  await authority.prepare(orderOf());
  await authority.activate(orderOf('x509', { override: true }));
  await authority.gate('taint', { use: 'x509', authorityId: '' });
  const lookedFrom = performance.now();
  const longestMs = await longestTurn(() => authority.gate('taint', { use: 'x509', authorityId: '' }));
  const gateMs = performance.now() - lookedFrom;
  await authority.taint(orderOf('x509', { override: true }));
  await authority.tick();
  const startAt = now;
  const dues = held.map((svid) => authority.renewAt(svid)).sort((a, b) => a - b);
  held = [];
  const perSecond = new Map<number, number>();
  const cpu = process.cpuUsage();
  for (let done = 0; done < dues.length; now += TICK_MS) {
    const from = done;
    while (done < dues.length && dues[done]! <= now) done += 1;
    await issueMany(done - from);
    const second = Math.floor(now / 1000);
    perSecond.set(second, (perSecond.get(second) ?? 0) + done - from);
  }
  const { user, system } = process.cpuUsage(cpu);
  console.table([
    { what: 'certificates renewed', is: live },
    { what: 'most signed in one second', is: Math.max(...perSecond.values()) },
    { what: 'allowed a second', is: defaultSettings.renewalsPerSecond },
    { what: 'all renewed after, seconds', is: (now - startAt) / 1000 },
    { what: 'CPU a renewal, key made here, looking included, µs', is: Math.round((user + system) / live) },
    { what: 'one look of the gate at all of them, ms', is: Math.round(gateMs) },
    { what: 'the longest that it keeps others waiting, ms', is: Math.round(longestMs * 10) / 10 },
  ]);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
