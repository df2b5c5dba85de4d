import assert from 'node:assert/strict';
import { resolvePlain, type Scalar } from '../../../../../src/policy/documents/yaml/scalar.ts';

const text = (written: string): Scalar => ({ is: 'text', text: written });
const integer = (written: string): Scalar => ({ is: 'number', text: written, integer: true });

describe('resolvePlain', () => {
  for (const word of ['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON']) {
    it(`reads ${word} as true`, () => assert.deepEqual(resolvePlain(word), { is: 'boolean', value: true }));
  }
  for (const word of ['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF']) {
    it(`reads ${word} as false`, () => assert.deepEqual(resolvePlain(word), { is: 'boolean', value: false }));
  }
  for (const word of ['', '~', 'null', 'Null', 'NULL']) {
    it(`reads ${JSON.stringify(word)} as null`, () => assert.deepEqual(resolvePlain(word), { is: 'null' }));
  }
  const table: readonly [written: string, want: Scalar][] = [
    ['details', text('details')],
    ['yEs', text('yEs')],
    ['nULL', text('nULL')],
    ['0', integer('0')],
    ['80', integer('80')],
    ['-1', integer('-1')],
    ['+1', integer('1')],
    ['1_000', integer('1000')],
    ['0x1F', integer('31')],
    ['0o17', integer('15')],
    ['017', integer('15')],
    ['0b11', integer('3')],
    ['-0x10', integer('-16')],
    ['08', { is: 'number', text: '8', integer: true }],
    ['18446744073709551615', integer('18446744073709551615')],
    ['1.5', { is: 'number', text: '1.5', integer: false }],
    ['.5', { is: 'number', text: '0.5', integer: false }],
    ['1e3', { is: 'number', text: '1000', integer: true }],
    ['.inf', { is: 'number', text: '.inf', integer: false }],
    ['12:30', text('12:30')],
    ['2026-01-01', text('2026-01-01')],
    ['2026-01-01T00:00:00Z', text('2026-01-01T00:00:00Z')],
    ['10.0.0.0/8', text('10.0.0.0/8')],
    ['1.2.3', text('1.2.3')],
    ['0x', text('0x')],
    ['0b2', text('0b2')],
    ['_1', text('_1')],
    ['-', text('-')],
    ['.', text('.')],
    ['nan', text('nan')],
  ];
  for (const [written, want] of table) {
    it(`reads ${written} as ${JSON.stringify(want)}`, () => assert.deepEqual(resolvePlain(written), want));
  }
});
