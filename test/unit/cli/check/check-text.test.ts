import assert from 'node:assert/strict';
import { checkText } from '../../../../src/cli/check/check-text.ts';
import { bad, good, warning } from '../../../../src/cli/check/outcome.ts';
import { lookOf, plainLook } from '../../../../src/cli/terminal/look.ts';

const report = {
  ok: false,
  config: '/etc/gatehouse/gatehouse.yaml',
  server: 'not asked',
  errors: 1,
  warnings: 1,
  sections: [{ name: 'keys', checks: [good('a', 'one'), warning('b', 'two', ''), bad('c', 'three', 'mend it')] }],
} as const;

const marksOf = (text: string): string[] =>
  text.split('\n').flatMap((line) => /^(\S+) (one|two|three)$/.exec(line)?.[1] ?? []);

describe('checkText', () => {
  const rows: readonly { readonly environment: NodeJS.ProcessEnv; readonly want: readonly string[] }[] = [
    { environment: {}, want: ['√', '!', '×'] },
    { environment: { LANG: 'en_US.UTF-8' }, want: ['√', '!', '×'] },
    { environment: { LANG: 'C.utf8' }, want: ['√', '!', '×'] },
    { environment: { LANG: 'C' }, want: ['+', '!', 'x'] },
    { environment: { LANG: 'de_DE.ISO-8859-1' }, want: ['+', '!', 'x'] },
    { environment: { LC_ALL: 'POSIX', LANG: 'en_US.UTF-8' }, want: ['+', '!', 'x'] },
    { environment: { LC_ALL: '', LC_CTYPE: 'en_US.UTF-8', LANG: 'C' }, want: ['√', '!', '×'] },
  ];
  for (const { environment, want } of rows) {
    it(`marks with ${want.join(' ')} by ${JSON.stringify(environment)}`, () => {
      const { isAscii } = lookOf(process.stdout, environment);
      assert.deepEqual(marksOf(checkText(report, { ...plainLook, ...(isAscii && { isAscii }) })), want);
    });
  }
});
