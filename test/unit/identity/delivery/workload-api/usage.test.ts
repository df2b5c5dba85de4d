import assert from 'node:assert/strict';
import { GatehouseError } from '../../../../../src/errors.ts';
import { usageOf } from '../../../../../src/identity/delivery/workload-api/usage.ts';

const metadata = (given: Readonly<Record<string, string>>) => ({
  get: (name: string) => (given[name] === undefined ? [] : [given[name]]),
});

describe('usageOf', () => {
  const table: readonly [given: Record<string, string>, want: ReturnType<typeof usageOf>][] = [
    [{}, { looks: false, lifeMs: undefined }],
    [{ 'gatehouse-look': 'true' }, { looks: true, lifeMs: undefined }],
    [{ 'gatehouse-life': '60' }, { looks: false, lifeMs: 60_000 }],
    [{ 'gatehouse-life': '1' }, { looks: false, lifeMs: 30_000 }],
  ];
  for (const [given, want] of table) {
    it(`reads ${JSON.stringify(given)}`, () => assert.deepEqual(usageOf(metadata(given)), want));
  }
  const refused = [{ 'gatehouse-look': 'yes' }, { 'gatehouse-life': '0' }, { 'gatehouse-life': '1e9' }];
  for (const given of refused) {
    it(`refuses ${JSON.stringify(given)}`, () =>
      assert.throws(
        () => usageOf(metadata(given as unknown as Record<string, string>)),
        (thrown) => thrown instanceof GatehouseError && thrown.code === 'message_invalid',
      ));
  }
});
