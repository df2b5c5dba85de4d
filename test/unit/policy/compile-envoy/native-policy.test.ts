import assert from 'node:assert/strict';
import { askEverything } from '../../../../src/policy/compile-envoy/native-policy.ts';

describe('askEverything', () => {
  it('allows every request under a name by which ext_authz is asked, and tells why', () => {
    const { http, network, others, asks, everything } = askEverything('tokens are not judged there');
    for (const bytes of [http, network]) assert.match(Buffer.from(bytes).toString('latin1'), /ask:everything/);
    assert.match(Buffer.from(http).toString('latin1'), /gh_$/);
    assert.equal(others.size, 0);
    assert.equal(everything, 'tokens are not judged there');
    assert.deepEqual(asks, [{ reason: everything, policy: undefined, rule: undefined, field: undefined }]);
  });

  it('has one version, whatever the reason', () => {
    assert.equal(askEverything('one').version, askEverything('another').version);
    assert.deepEqual(askEverything('one').http, askEverything('another').http);
  });
});
