import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, it } from 'mocha';
import { createAddressGuard } from '../../../../src/authz/jwks/address-guard.ts';
import { createJwksFetcher } from '../../../../src/authz/jwks/fetcher.ts';
import { GatehouseError } from '../../../../src/errors.ts';

const minute = 60_000;

const keys = '{"keys":[{"kty":"oct","k":"AAAA"}]}';
const rule = { keys: { from: 'uri', id: 'u', uri: 'http://x' }, fetchTimeoutMs: 1 } as const;

/** A fetcher whose every request is counted when it starts, and answered at once. */
function startFetcher(answer: () => Promise<string>) {
  let now = 0;
  let tick: () => void = () => undefined;
  const counted = { calls: 0 };
  const fetcher = createJwksFetcher({
    clock: { now: () => now },
    ticks: {
      subscribe(listener) {
        tick = listener;
        return () => undefined;
      },
    },
    get: () => {
      counted.calls++;
      return answer();
    },
  });
  const settled = () =>
    new Promise<void>((resolve) => {
      const unsubscribe = fetcher.documents.subscribe(() => {
        unsubscribe();
        resolve();
      });
    });
  return {
    fetcher,
    counted,
    settled,
    pass(ms: number) {
      now += ms;
      tick();
    },
  };
}

describe('createJwksFetcher', () => {
  it('doubles its patience with a server that fails, up to an hour', async () => {
    const { fetcher, counted, pass } = startFetcher(() => Promise.reject(new GatehouseError('unreachable', 'down')));
    await using _ = fetcher;
    fetcher.wanted([rule]);
    const waits: number[] = [];
    for (let i = 0, last = 0; i < 400; i++) {
      await new Promise(setImmediate);
      const before = counted.calls;
      pass(minute);
      if (counted.calls === before) continue;
      waits.push(i + 1 - last);
      last = i + 1;
    }
    assert.deepEqual(waits.slice(0, 9), [1, 2, 4, 8, 16, 32, 60, 60, 60]);
  });

  it('fetches for an unknown kid once in half a minute, and not while the last fetch runs', async () => {
    const { fetcher, counted, settled, pass } = startFetcher(() => Promise.resolve(keys));
    await using _ = fetcher;
    fetcher.wanted([rule]);
    await settled();
    const storm = (): number => {
      for (let i = 0; i < 100; i++) fetcher.wake('u', `kid-${i}`);
      return counted.calls;
    };
    pass(999);
    assert.equal(storm(), 1, 'it has only just been fetched');
    pass(1);
    assert.equal(storm(), 2);
    await turn(); // the same keys again: nobody is told
    pass(29_999);
    assert.equal(storm(), 2);
    pass(1);
    assert.equal(storm(), 3);
    pass(30_000);
    assert.equal(storm(), 3, 'the last one has not been answered yet');
  });

  it('leaves a failing server to its back-off, whatever kids come', async () => {
    const { fetcher, counted, settled, pass } = startFetcher(() =>
      Promise.reject(new GatehouseError('unreachable', 'down')),
    );
    await using _ = fetcher;
    fetcher.wanted([rule]);
    await settled();
    pass(59_999);
    fetcher.wake('u', 'kid');
    assert.equal(counted.calls, 1);
    pass(1);
    assert.equal(counted.calls, 2);
  });

  it('notices a clock that was set back', async () => {
    const { fetcher, counted, settled, pass } = startFetcher(() => Promise.resolve(keys));
    await using _ = fetcher;
    fetcher.wanted([rule]);
    await settled();
    pass(-minute);
    assert.equal(counted.calls, 2);
  });
});

describe('createAddressGuard', () => {
  const guard = createAddressGuard({
    denyNetworks: ['169.254.0.0/16', 'fe80::/10', '10.0.0.0/8'],
    allowNetworks: ['127.0.0.1/32', '10.1.0.0/16', '::1/128'],
  });
  const table = {
    '93.184.216.34': true,
    '2606:2800::1': true,
    '169.254.169.254': false,
    '::ffff:169.254.169.254': false,
    '::ffff:a9fe:a9fe': false,
    '64:ff9b::a9fe:a9fe': false,
    '64:ff9b::5db8:d822': true,
    'fe80::1': false,
    'fe80::1%eth0': false,
    '127.0.0.1': true,
    '127.0.0.2': false,
    '::1': true,
    '0.0.0.0': false,
    '::': false,
    '224.0.0.1': false,
    '255.255.255.255': false,
    'ff02::1': false,
    '10.0.0.1': false,
    '10.1.2.3': true,
    '::ffff:10.1.2.3': true,
    localhost: false,
    '': false,
  };
  for (const [address, want] of Object.entries(table))
    it(`${want ? 'passes' : 'denies'} ${address || 'nothing'}`, () => assert.equal(guard(address), want));

  describe('with 3,000 sources', () => {
    const sources = (count: number, host: (n: number) => string) =>
      Array.from({ length: count }, (_, n) => {
        const uri = `https://${host(n)}/${n}`;
        return { keys: { from: 'uri', id: `uri:${uri}`, uri }, fetchTimeoutMs: 3_600_000 } as const;
      });

    /** A fetcher whose requests wait until they are let go. */
    function startHeld() {
      const held: { readonly uri: string; readonly timeoutMs: number; end(keys?: string): void }[] = [];
      let now = 0;
      let tick: () => void = () => undefined;
      const fetcher = createJwksFetcher({
        clock: { now: () => now },
        ticks: {
          subscribe(listener) {
            tick = listener;
            return () => undefined;
          },
        },
        get: (uri, timeoutMs, signal) =>
          new Promise((resolve, reject) => {
            const fail = (): void => reject(new GatehouseError('unreachable', 'down'));
            signal.addEventListener('abort', fail);
            held.push({ uri, timeoutMs, end: (text) => (text === undefined ? fail() : resolve(text)) });
          }),
      });
      const pass = (ms: number): void => {
        now += ms;
        tick();
      };
      return { fetcher, held, pass };
    }

    it('asks 32 at a time, and as many more as have answered', async () => {
      const { fetcher, held } = startHeld();
      await using _ = fetcher;
      fetcher.wanted(sources(3_000, (n) => `h${n}.example`));
      assert.equal(held.length, 32);
      for (const each of held.slice(0, 5)) each.end(keys);
      await turn();
      assert.equal(held.length, 37);
    });

    it('asks one host four times at a time, and others beside it', async () => {
      const { fetcher, held } = startHeld();
      await using _ = fetcher;
      fetcher.wanted([...sources(3_000, () => 'slow.example'), ...sources(1, () => 'good.example')]);
      assert.equal(held.filter(({ uri }) => uri.includes('slow')).length, 4);
      assert.equal(held.filter(({ uri }) => uri.includes('good')).length, 1);
    });

    it('gives no source longer than half a minute, and asks those that have failed last', async () => {
      const { fetcher, held, pass } = startHeld();
      await using _ = fetcher;
      const bad = sources(3_000, (n) => `bad${n}.example`);
      fetcher.wanted(bad);
      assert.deepEqual([...new Set(held.map(({ timeoutMs }) => timeoutMs))], [30_000]);
      for (let n = 0; n < 3_000; n += 1) {
        held[n]!.end();
        await turn();
      }
      assert.equal(held.length, 3_000);
      fetcher.wanted([...bad, ...sources(1, () => 'good.example')]);
      assert.match(held.at(-1)!.uri, /good/);
      held.at(-1)!.end(keys);
      await turn();
      pass(20 * minute);
      assert.match(held[3_001]!.uri, /good/, 'all are due, and the good one is first');
    });
  });
});
