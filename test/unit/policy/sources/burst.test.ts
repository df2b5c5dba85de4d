import assert from 'node:assert/strict';
import { Burst, type EntryState } from '../../../../src/policy/sources/burst.ts';

type Event = readonly ['rename' | 'change', string, EntryState];

const replaced: readonly Event[] = [
  ['rename', 'a.yaml.new', 'gone'], // created; moved away before that was told
  ['change', 'a.yaml.new', 'gone'],
  ['rename', 'a.yaml.new', 'gone'],
  ['rename', 'a.yaml', 'file'],
];

const cases: readonly { name: string; events: readonly Event[]; isWhole: boolean }[] = [
  { name: 'a file written beside and renamed', events: replaced, isWhole: true },
  { name: 'a file moved in from elsewhere', events: [['rename', 'a.yaml', 'file']], isWhole: true },
  { name: 'nothing but a write', events: [['change', 'a.yaml', 'file']], isWhole: false },
  { name: 'a new file that is empty yet', events: [['rename', 'a.yaml', 'empty']], isWhole: false },
  {
    name: 'a new file that is being written',
    events: [
      ['rename', 'a.yaml', 'file'],
      ['change', 'a.yaml', 'file'],
    ],
    isWhole: false,
  },
  {
    name: 'a write to the file after it was replaced',
    events: [...replaced, ['change', 'a.yaml', 'file']],
    isWhole: false,
  },
  { name: 'a write to another file', events: [['change', 'b.yaml', 'file'], ...replaced], isWhole: false },
  { name: 'a file that is gone, and perhaps written anew', events: [['rename', 'a.yaml', 'gone']], isWhole: false },
  { name: 'one file replaced, another gone', events: [...replaced, ['rename', 'b.yaml', 'gone']], isWhole: false },
  {
    name: 'one file replaced, another written and gone',
    events: [...replaced, ['change', 'b.yaml', 'file'], ['rename', 'b.yaml', 'gone']],
    isWhole: false,
  },
  { name: 'a temporary file that came and went', events: replaced.slice(0, 3), isWhole: false },
  { name: 'a link', events: [['rename', '..data', 'other']], isWhole: false },
];

describe('Burst', () => {
  for (const { name, events, isWhole } of cases) {
    it(`${isWhole ? 'is whole' : 'may go on'} after ${name}`, () => {
      const burst = new Burst();
      for (const event of events) burst.note(...event);
      assert.equal(burst.isWhole, isWhole);
    });
  }

  it('is not whole before anything has happened', () => assert.equal(new Burst().isWhole, false));
});
