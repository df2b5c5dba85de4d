import assert from 'node:assert/strict';
import type { Finding } from '../../../../src/policy/documents/finding.ts';
import { verdictOf } from '../../../../src/server/admission/answer.ts';

const finding = (severity: Finding['severity'], message: string, path = 'spec'): Finding => ({
  ...{ file: 'f', line: 1, column: 1, severity, code: 'enum', path, message, fix: 'fix it' },
});
const many = (count: number, severity: Finding['severity'], message: string): readonly Finding[] =>
  Array.from({ length: count }, (_, i) => finding(severity, `${i} ${message}`));
const options = { uid: 'u', subject: 'Kind ns/name', logId: 'id', refuses: () => true };

describe('verdictOf', () => {
  it('lets in what there is nothing to say of', () =>
    assert.deepEqual(verdictOf({ told: [], hidden: [] }, options), {
      refused: false,
      response: { uid: 'u', allowed: true },
    }));

  it('refuses an error by its text, and warns of the rest', () => {
    const { response } = verdictOf(
      { told: [finding('warning', 'w'), finding('error', 'e'), finding('hint', 'h')], hidden: [] },
      options,
    );
    assert.equal(response.allowed, false);
    assert.deepEqual(response.status?.code, 403);
    assert.equal(
      response.status?.message,
      'Gatehouse does not let Kind ns/name in (its log says more under id):\n- spec: e (fix it) [enum]',
    );
    assert.deepEqual(response.warnings, ['spec: w (fix it) [enum]']);
  });

  it('warns of an error, first, where nothing is refused', () => {
    const { refused, response } = verdictOf(
      { told: [finding('warning', 'w'), finding('error', 'e')], hidden: [] },
      { ...options, refuses: () => false },
    );
    assert.equal(refused, false);
    assert.deepEqual(response.warnings, ['spec: e (fix it) [enum]', 'spec: w (fix it) [enum]']);
  });

  it('says of what is hidden only which kind it is', () => {
    const { response } = verdictOf({ told: [], hidden: [finding('warning', 'secret/name')] }, options);
    assert.deepEqual(response.warnings, [
      "together with objects elsewhere: enum (Gatehouse's log says which under id)",
    ]);
  });

  it('refuses what only hidden objects show', () => {
    const { response } = verdictOf({ told: [], hidden: [finding('error', 'secret/name')] }, options);
    assert.equal(response.allowed, false);
    assert.doesNotMatch(JSON.stringify(response), /secret/);
  });

  it('keeps to what the API server passes on: 4,096 code points in all, 256 each, one line, nothing that it drops', () => {
    const { response } = verdictOf(
      { told: many(100, 'warning', `a\nb\tc\u0007${'\u{1F600}'.repeat(400)}`), hidden: [] },
      options,
    );
    const { warnings = [] } = response;
    assert.equal(warnings.length, 15);
    assert.match(warnings[14]!, /^and 86 more/);
    for (const warning of warnings) {
      assert.ok([...warning].length <= 256);
      assert.doesNotMatch(warning, /\p{Cc}|\p{Cs}/u);
    }
    assert.ok(warnings.reduce((sum, each) => sum + [...each].length, 0) <= 4096);
  });

  it('bounds the text of a refusal, and keeps each finding to its line', () => {
    const { response } = verdictOf({ told: many(100, 'error', `a\n- b${'x'.repeat(2000)}`), hidden: [] }, options);
    const lines = response.status!.message.split('\n');
    assert.equal(lines.length, 21);
    assert.match(lines[20]!, /^- and 81 more/);
    for (const line of lines) assert.ok(line.length <= 502, line);
  });
});
