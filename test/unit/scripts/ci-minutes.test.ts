import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

const MINUTES_IN_ALL = 75;

const rows = readFileSync('.ci/minutes', 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => /^(\d+) +(.+)$/.exec(line)?.slice(1) as [string, string]); // a line without both is undefined, and fails

describe('.ci/minutes', () => {
  it('has a row for each suite that .ci/run runs, and no other', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> }; // npm's form
    const picked = new RegExp(/filter\(\(name\) => \/(.+)\/\.test/.exec(readFileSync('.ci/run', 'utf8'))![1]!);
    const suites = Object.keys(scripts).filter((name) => picked.test(name));
    assert.ok(suites.includes('test:kubernetes') && suites.length > 4, suites.join(' '));
    const wanted = ['npm ci', 'npm run check', 'npm test', ...suites.map((name) => `npm run ${name}`)];
    assert.deepEqual(rows.map(([, name]) => name).sort(), wanted.sort());
  });

  it(`gives all of them together at most ${MINUTES_IN_ALL}`, () => {
    const sum = rows.reduce((minutes, [row]) => minutes + Number(row), 0);
    assert.ok(sum > 0 && sum <= MINUTES_IN_ALL, `${sum} minutes`);
  });
});
