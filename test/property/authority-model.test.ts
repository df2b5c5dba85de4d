import assert from 'node:assert/strict';
import { GatehouseError } from '../../src/errors.ts';
import { createLocalKeyStore, createMemoryKeyBlobs } from '../../src/identity/authority/keys/local-keys.ts';
import type { KeyBlobs } from '../../src/identity/authority/keys/signer.ts';
import type { Verb } from '../../src/identity/authority/rotate/orders.ts';
import type { AuthorityState, AuthorityUse } from '../../src/identity/authority/store/state.ts';
import type { AckGrade, Channel } from '../../src/identity/source/identity-source.ts';
import { createTestClock, openTestAuthority, orderOf, requestOf, type TestAuthority } from '../support/authority.ts';
import { emptyContent } from '../support/empty-store.ts';

/** `MODEL_STEPS=1000000 MODEL_SEED=1` for the long run. */
const LONG = Number(process.env['MODEL_STEPS'] ?? 6000);
const runs = [
  { steps: 6000, seed: 733312 }, // an unused authority that expired was taken away by undoing a step about another
  { steps: LONG, seed: Number(process.env['MODEL_SEED'] ?? Date.now() % 1_000_000) },
];

const MINUTE = 60_000;
const TTL = 60 * MINUTE; // as entitlementOf says
const settings = {
  x509SvidTtlMs: TTL,
  x509AuthorityTtlMs: 24 * 60 * MINUTE,
  jwtAuthorityTtlMs: 24 * 60 * MINUTE,
  ledgerRetentionMs: 4 * 60 * MINUTE,
};

/** mulberry32: the same numbers for the same seed. */
function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/** What the world knows: every SVID that left, and every sequence that was published. */
interface World {
  readonly left: { readonly serial: string; readonly authorityId: string; readonly notAfterAt: number }[];
  readonly serials: Set<string>;
  sequence: number;
  /** The latest instant that the clock has shown. */
  latest: number;
  overridden: boolean;
}

/** Key bytes that die with a crash between two steps: the process is gone before `put` is heard of. */
function crashing(blobs: KeyBlobs, crash: () => boolean): KeyBlobs {
  return {
    ...blobs,
    async put(keyId, bytes) {
      await blobs.put(keyId, bytes);
      if (crash()) throw new Crash();
    },
    async remove(keyId) {
      if (crash()) throw new Crash();
      await blobs.remove(keyId);
    },
  };
}

class Crash extends Error {}

describe('the authority under a virtual clock', () => {
  for (const { steps, seed } of runs) {
    it(`keeps its promises through random operations, crashes and clock steps (seed ${seed})`, async () => {
      const random = createRandom(seed);
      const blobs = createMemoryKeyBlobs();
      let crashSoon = false;
      const keys = createLocalKeyStore(
        crashing(blobs, () => {
          const now = crashSoon;
          crashSoon = false;
          return now;
        }),
      );
      const content = emptyContent();
      const clock = createTestClock();
      const world: World = { left: [], serials: new Set(), sequence: 0, latest: 0, overridden: false };
      let gatehouse: TestAuthority = await openTestAuthority(settings, { clock, content, keys });
      const names = ['a', 'b', 'c'] as const;
      const pick = <T>(list: readonly T[]): T => list[random(list.length)] as T;

      const operations: Record<string, () => Promise<void>> = {
        issue: async () => {
          const svid = await gatehouse.authority.issueX509(
            requestOf(pick(names), pick(['sds', 'workload-api', 'istio-ca'] as Channel[])),
          );
          assert.ok(!world.serials.has(svid.serial), 'no serial twice');
          world.serials.add(svid.serial);
          world.left.push(svid);
          const issuer = content.state?.authorities.find((each) => each.id === svid.authorityId);
          assert.equal(issuer?.slot, 'active');
          assert.ok(svid.notAfterAt <= (issuer?.notAfterAt ?? 0), 'never outlives its authority');
        },
        acknowledge: async () => {
          gatehouse.authority.acknowledge({
            consumer: pick(names),
            channel: pick(['sds', 'workload-api', 'bundle-endpoint'] as Channel[]),
            spiffeIds: [],
            sequence: Math.max(1, world.sequence - random(3)),
            grade: pick(['sent', 'acknowledged', 'acknowledged', 'renewed', 'refused'] as AckGrade[]),
          });
        },
        forget: async () => gatehouse.authority.forget(pick(names)),
        verb: async () => {
          const verb = pick(['prepare', 'activate', 'taint', 'revoke', 'undo'] as Verb[]);
          const override = random(50) === 0;
          const use = pick(['x509', 'jwt'] as AuthorityUse[]);
          // Whoever overrides the gate may leave certificates that nobody trusts: that is what it warned of.
          if (override && use === 'x509') world.overridden = true;
          const outcome = await gatehouse.authority[verb](orderOf(use, { override }));
          if (!outcome.done) assert.ok(outcome.blockers.length > 0, 'a refusal names somebody');
        },
        pass: async () => clock.advance(random(3 * MINUTE)),
        rest: async () => clock.advance(random(3 * 60 * MINUTE)),
        jump: async () => clock.advance((random(2) === 0 ? -1 : 1) * 60 * MINUTE),
        tick: () => gatehouse.authority.tick(),
        restart: async () => {
          if (random(2) === 0) await gatehouse.authority[Symbol.asyncDispose]();
          gatehouse = await openTestAuthority(settings, { clock, content, keys });
        },
        crash: async () => {
          crashSoon = true;
        },
      };
      const weights: readonly (keyof typeof operations)[] = [
        ...Array<string>(8).fill('issue'),
        ...Array<string>(8).fill('acknowledge'),
        ...Array<string>(6).fill('verb'),
        ...Array<string>(4).fill('pass'),
        'forget',
        'rest',
        'tick',
        'tick',
        'restart',
        'crash',
        'jump',
      ];

      const check = (step: string): void => {
        const state: AuthorityState | undefined = content.state;
        assert.ok(state);
        for (const use of ['x509', 'jwt'] as const) {
          const active: readonly unknown[] = state.authorities.filter(
            (each) => each.use === use && each.slot === 'active',
          );
          assert.equal(active.length, 1, `${step}: one active ${use} authority`);
          const prepared = state.authorities.filter((each) => each.use === use && each.slot === 'prepared');
          assert.ok(prepared.length <= 1, `${step}: at most one prepared`);
        }
        assert.ok(state.sequence >= world.sequence, `${step}: sequences only rise`);
        world.sequence = state.sequence;
        const trusted = new Set(state.authorities.filter((each) => each.slot !== 'revoked').map((each) => each.id));
        // What our clock has seen expire does not come to life again when the clock is set back.
        world.latest = Math.max(world.latest, clock.now());
        for (let index = world.left.length - 1; index >= 0 && index >= world.left.length - 200; index -= 1) {
          const svid = world.left[index]!;
          if (svid.notAfterAt <= world.latest) continue;
          assert.ok(content.ledger.has(svid.serial), `${step}: no row is lost`);
          assert.ok(
            world.overridden || trusted.has(svid.authorityId),
            `${step}: a live certificate that nobody trusts`,
          );
        }
      };

      for (let step = 0; step < steps; step += 1) {
        const name = pick(weights);
        try {
          await operations[name]?.();
        } catch (thrown) {
          const isCrash = thrown instanceof Crash || (thrown instanceof Error && thrown.cause instanceof Crash);
          if (isCrash) gatehouse = await openTestAuthority(settings, { clock, content, keys });
          else if (!(thrown instanceof GatehouseError) || !['slot_state', 'authority_not_ready'].includes(thrown.code))
            throw thrown;
        }
        if (content.state) check(`step ${step} (${name})`);
        // After an override the world is as the operator wanted it until all that left has expired.
        if (world.overridden && step % 500 === 0) {
          clock.advance(2 * TTL);
          world.overridden = false;
        }
      }
      assert.ok(world.serials.size > steps / 10);
    }).timeout(300_000 + steps * 5);
  }
});
