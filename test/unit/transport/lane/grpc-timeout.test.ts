import assert from 'node:assert/strict';
import { parseGrpcTimeout } from '../../../../src/transport/lane/grpc-timeout.ts';

describe('parseGrpcTimeout', () => {
  const table = [
    { input: '200m', want: 200 },
    { input: '2H', want: 7_200_000 },
    { input: '3M', want: 180_000 },
    { input: '99999999S', want: 99_999_999_000 },
    { input: '500u', want: 0.5 },
    { input: '0n', want: 0 },
    { input: '100000000m', want: Number.NaN },
    { input: '5', want: Number.NaN },
    { input: 'm', want: Number.NaN },
    { input: '-5m', want: Number.NaN },
    { input: '5 m', want: Number.NaN },
    { input: '5mm', want: Number.NaN },
    { input: '1.5S', want: Number.NaN },
    { input: '5s', want: Number.NaN },
  ];
  for (const { input, want } of table) {
    it(`reads ${JSON.stringify(input)} as ${want} ms`, () => assert.equal(parseGrpcTimeout(input), want));
  }
});
