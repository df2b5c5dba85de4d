import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { createAddressGuard } from '../../../../src/authz/jwks/address-guard.ts';
import { createJwksFetcher } from '../../../../src/authz/jwks/fetcher.ts';
import { GatehouseError } from '../../../../src/errors.ts';

const minute = 60_000;

describe('createJwksFetcher', () => {
  it('doubles its patience with a server that fails, up to an hour', async () => {
    let now = 0;
    let calls = 0;
    let tick: () => void = () => undefined;
    await using fetcher = createJwksFetcher({
      clock: { now: () => now },
      ticks: {
        subscribe(listener) {
          tick = listener;
          return () => undefined;
        },
      },
      get: () => {
        calls++;
        return Promise.reject(new GatehouseError('unreachable', 'down'));
      },
    });
    fetcher.wanted([{ keys: { from: 'uri', id: 'u', uri: 'http://x' }, fetchTimeoutMs: 1 }]);
    const waits: number[] = [];
    let last = 0;
    for (let i = 0; i < 400; i++) {
      await new Promise(setImmediate);
      now += minute;
      const before = calls;
      tick();
      if (calls > before) {
        waits.push((now - last) / minute);
        last = now;
      }
    }
    assert.deepEqual(waits.slice(0, 9), [1, 2, 4, 8, 16, 32, 60, 60, 60]);
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
});
