import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { GatehouseError } from '../../../../src/errors.ts';
import { readCertificate } from '../../../../src/identity/pki/certificate.ts';
import { createWatchable } from '../../../../src/lib/watchable.ts';
import { keepOwnIdentity, type OwnIdentityDeps } from '../../../../src/server/tls/own-identity.ts';
import { parseSpiffeId } from '../../../../src/spiffe/spiffe-id.ts';
import type { X509Svid } from '../../../../src/spiffe/svid.ts';
import { parseTrustDomain } from '../../../../src/spiffe/trust-domain.ts';
import type { TlsIdentity } from '../../../../src/transport/listen/tls-front.ts';
import { makeRoot } from '../../../support/own-authority.ts';
import { type TempDir, tempDir } from '../../../support/temp-dir.ts';

const spiffeId = parseSpiffeId('spiffe://cluster.local/gatehouse/authority');
const trustDomain = parseTrustDomain('cluster.local');

let dir: TempDir;
let first: Uint8Array;
let second: Uint8Array;
before(async () => {
  dir = await tempDir();
  first = makeRoot(dir.path, 'first', 'cluster.local');
  second = makeRoot(dir.path, 'second', 'cluster.local');
});
after(() => dir[Symbol.asyncDispose]());

function setup() {
  let nowMs = 0;
  let tick: () => void = () => undefined;
  let issued = 0;
  const world = { fails: false };
  const errors: GatehouseError[] = [];
  const into = createWatchable<TlsIdentity | undefined>(undefined);
  const own = {
    trustDomain,
    sequence: 1,
    refreshHintSeconds: 300,
    x509Authorities: [first],
    jwtAuthorities: [],
  };
  const bundles = createWatchable({ own, intermediates: [], federated: new Map() });
  const source: OwnIdentityDeps['source'] = {
    bundles,
    renewals: createWatchable(0),
    renewAt: (svid: X509Svid) => (svid.notBeforeAt + svid.notAfterAt) / 2,
    async issueX509() {
      if (world.fails) throw new GatehouseError('store_unavailable', 'the store is away');
      issued += 1;
      return {
        spiffeId,
        chain: [Buffer.of(issued)],
        privateKey: Buffer.of(7),
        serial: String(issued),
        notBeforeAt: nowMs,
        notAfterAt: nowMs + 60_000,
        authorityId: 'a',
      };
    },
  };
  const kept = keepOwnIdentity({
    source,
    spiffeId,
    dnsNames: [],
    into,
    clock: { now: () => nowMs },
    ticks: {
      subscribe(listener) {
        tick = listener;
        return () => undefined;
      },
    },
    report: (error) => void errors.push(error),
  });
  return {
    world,
    into,
    bundles,
    own,
    errors,
    kept,
    issued: () => issued,
    async at(ms: number) {
      nowMs = ms;
      tick();
      await turn();
    },
  };
}

describe('keepOwnIdentity', () => {
  it('renews at half of the life, and not before', async () => {
    const { into, at, issued } = setup();
    await at(0);
    const first = into.value?.chainPem;
    assert.ok(first);
    await at(29_000);
    assert.equal(issued(), 1);
    await at(30_000);
    assert.equal(issued(), 2);
    assert.notEqual(into.value?.chainPem, first);
  });

  it('goes on with what it has while nothing is issued, shows nothing once that has expired, and recovers', async () => {
    const { into, at, world, errors } = setup();
    await at(0);
    world.fails = true;
    await at(30_000);
    assert.ok(into.value, 'the old one is still good');
    assert.match(
      errors[0]!.message,
      /could not be issued: the store is away; the one in use ends at 1970-01-01T00:01:00/,
    );
    await at(60_000);
    assert.equal(into.value, undefined);
    await at(100_000);
    assert.match(errors.at(-1)!.message, /close every new connection until it is/);
    world.fails = false;
    await at(200_000);
    assert.ok(into.value);
  });

  it('does not ask at every tick while it fails', async () => {
    const { at, world, errors } = setup();
    await at(0);
    world.fails = true;
    for (let ms = 30_000; ms < 60_000; ms += 250) await at(ms);
    assert.ok(errors.length >= 4 && errors.length <= 7, `${errors.length} tries`);
  });

  it('replaces what is not valid yet since the clock was set back, and shows nothing while it cannot', async () => {
    const { into, at, issued, world } = setup();
    await at(1_000_000);
    await at(500_000);
    assert.equal(issued(), 2);
    assert.ok(into.value);
    world.fails = true;
    await at(400_000);
    assert.equal(into.value, undefined);
    world.fails = false;
    await at(300_000);
    assert.ok(into.value);
  });

  it('believes a new authority as soon as it is in the bundle', async () => {
    const { into, at, bundles, own } = setup();
    await at(0);
    const before = into.value?.trustedPem;
    bundles.replace({
      own: { ...own, sequence: 2, x509Authorities: [...own.x509Authorities, second] },
      intermediates: [],
      federated: new Map(),
    });
    assert.notEqual(into.value?.trustedPem, before);
  });

  it('believes no authority that has expired since its bundle came, and is closed when none is left', async () => {
    const { into, at } = setup();
    const { notAfterAt } = readCertificate(first);
    await at(notAfterAt - 1000);
    assert.match(into.value?.trustedPem ?? '', /BEGIN CERTIFICATE/);
    await at(notAfterAt);
    assert.equal(into.value?.trustedPem, '');
  });
});
