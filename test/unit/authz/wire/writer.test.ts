import assert from 'node:assert/strict';
import { bytesField, varintField } from '../../../../src/authz/wire/writer.ts';

describe('protobuf fields', () => {
  for (const { name, field, want } of [
    { name: 'a varint of two bytes', field: varintField(1, 150), want: '089601' },
    { name: 'a zero, which is written', field: varintField(3, 0), want: '1800' },
    { name: 'a varint beyond 32 bits', field: varintField(1, 2 ** 40), want: '08808080808020' },
    { name: 'a field number of two bytes', field: varintField(16, 1), want: '800101' },
    { name: 'a text', field: bytesField(2, 'testing'), want: '120774657374696e67' },
    { name: 'an empty text', field: bytesField(2, ''), want: '1200' },
    { name: 'a text of bytes more than letters', field: bytesField(1, 'é€😀'), want: '0a09c3a9e282acf09f9880' },
    { name: 'half a character, which is none', field: bytesField(1, '\ud800'), want: '0a03efbfbd' },
    { name: 'parts side by side', field: bytesField(3, varintField(1, 150), 'a'), want: '1a0408960161' },
    { name: 'a length of two bytes', field: bytesField(1, 'x'.repeat(128)), want: `0a8001${'78'.repeat(128)}` },
  ])
    it(`write ${name}`, () => assert.equal(field.toString('hex'), want));
});
