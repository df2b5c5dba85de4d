import assert from 'node:assert/strict';
import { cleanEnvironment, droppedVariables } from '../../../../src/platform/hardening/node-environment.ts';

const given = {
  PATH: '/usr/bin',
  NODE_TLS_REJECT_UNAUTHORIZED: '0',
  NODE_OPTIONS: '--require=/tmp/x.js',
  NODE_EXTRA_CA_CERTS: '/etc/ca.pem',
  NODE_NEWLY_INVENTED: '1',
  NODE_V8_COVERAGE: '/tmp/coverage',
  SSLKEYLOGFILE: '/tmp/keys',
  SSL_CERT_FILE: '/tmp/ca.pem',
  OPENSSL_CONF: '/tmp/openssl.cnf',
  PGPASSWORD: 'secret',
  NOTHING: undefined,
};

describe('cleanEnvironment', () => {
  it("leaves out what is Node's or OpenSSL's own, also what nobody knows yet", () => {
    assert.deepEqual(cleanEnvironment(given), {
      PATH: '/usr/bin',
      NODE_V8_COVERAGE: '/tmp/coverage',
      PGPASSWORD: 'secret',
    });
  });

  it('keeps what adds authorities where it is asked to', () => {
    assert.equal(cleanEnvironment(given, true)['NODE_EXTRA_CA_CERTS'], '/etc/ca.pem');
    assert.deepEqual(droppedVariables(given, true), [
      'NODE_NEWLY_INVENTED',
      'NODE_OPTIONS',
      'NODE_TLS_REJECT_UNAUTHORIZED',
      'OPENSSL_CONF',
      'SSLKEYLOGFILE',
    ]);
  });
});
