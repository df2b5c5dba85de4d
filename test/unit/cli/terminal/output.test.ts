import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { plainLook } from '../../../../src/cli/terminal/look.ts';
import { show, showError } from '../../../../src/cli/terminal/output.ts';
import { showingOnly } from '../../../../src/cli/terminal/terminal.ts';
import { textTable } from '../../../../src/cli/terminal/text-table.ts';
import { yamlText } from '../../../../src/cli/terminal/yaml-text.ts';
import { GatehouseError } from '../../../../src/errors.ts';
import { recordingTerminal } from '../../../support/recording-terminal.ts';

/** Clears the screen, turns the writing round, and begins a row of its own. */
const EVIL = 'ok\u001b[2J\u009b2J\u202e\u2028\r\n2026-01-01T00:00:00  root  ca revoke  x509  done';
const IS_PLAIN = /^[\x20-\x7e\n]*$/;

describe('what commands print', () => {
  it('keeps a cell in its row, whatever is in it', () => {
    const text = textTable(['A', 'B'], [[EVIL, 'x']], 'none', plainLook);
    assert.match(text, IS_PLAIN);
    assert.equal(text.split('\n').length, 3);
  });

  it('gives renderers only texts of one line', () => {
    const terminal = recordingTerminal();
    show(terminal, 'table', { rows: [{ reason: EVIL }] }, ({ rows }) => `${rows[0]!.reason}\n`);
    assert.match(terminal.said.out, IS_PLAIN);
    assert.equal(terminal.said.out.split('\n').length, 2);
  });

  it('prints the same JSON, escaped', () => {
    const terminal = recordingTerminal();
    show(terminal, 'json', { reason: EVIL }, () => '');
    assert.match(terminal.said.out, IS_PLAIN);
    assert.deepEqual(JSON.parse(terminal.said.out), { reason: EVIL });
  });

  it('prints the same YAML, escaped', async () => {
    const document = { reason: EVIL, [`key\u009b`]: '\u202e', plain: 'a: b', 'tags\u{e0001}': ['\u{e0001}'] };
    const text = yamlText(document);
    assert.match(text, IS_PLAIN);
    assert.deepEqual(parse(text), document);
  });

  it('says an error in one line, and each of several findings in one', () => {
    const one = recordingTerminal();
    showError(one, 'table', new GatehouseError('not_found', EVIL));
    assert.match(one.said.err, /^gatehouse: [\x20-\x7e]*\n$/);
    const several = recordingTerminal();
    showError(several, 'table', new GatehouseError('config_invalid', 'a\nb\u009b', { findings: [] }));
    assert.equal(several.said.err, 'gatehouse: a\nb\\u009b\n');
  });

  it('says errors that nobody foresaw in one line too', () => {
    const terminal = recordingTerminal();
    showError(terminal, 'json', new Error(EVIL));
    assert.match(terminal.said.err, /^[\x20-\x7e]*\n$/);
  });

  it('passes a door that only shows', () => {
    const terminal = recordingTerminal();
    const shown = showingOnly(terminal);
    shown.out('a\u001bb\n');
    shown.err('c\u009bd\n');
    assert.deepEqual(terminal.said, { out: 'a\\u001bb\n', err: 'c\\u009bd\n', code: -1 });
  });

  it('goes by no other way: no command writes to a stream itself', () => {
    for (const file of globSync('src/**/*.ts')) {
      if (file.endsWith('cli/terminal/terminal.ts') || file.includes('/gen/')) continue;
      const text = readFileSync(file, 'utf8');
      // A Node that is too old for the program can load no terminal either.
      const own = /bootstrap-command\.ts$|^src\/main\.ts$/.test(file);
      const writes = own ? text.replace(/process\.std(?:out|err)\.write/, '') : text;
      assert.doesNotMatch(
        writes,
        /process\.(stdout|stderr)\.write|\bconsole\.(?:log|error|warn|info|debug|table|dir)\b/,
        file,
      );
    }
  });
});
