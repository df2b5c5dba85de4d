import assert from 'node:assert/strict';
import { nodeTooOld } from '../../../src/platform/node-version.ts';

describe('nodeTooOld', () => {
  for (const version of ['20.19.0', '22.13.1', '23.11.0']) {
    it(`says of ${version} what is needed and what to start`, () =>
      assert.match(
        nodeTooOld(version) ?? '',
        new RegExp(`Node ${version}, and it needs 24 or newer: start bin/gatehouse`),
      ));
  }
  for (const version of ['24.0.0', '26.1.0', '100.0.0'])
    it(`takes ${version}`, () => assert.equal(nodeTooOld(version), undefined));
});
