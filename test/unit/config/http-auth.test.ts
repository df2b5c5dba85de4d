import assert from 'node:assert/strict';
import { readConfig } from '../../../src/config/read-config.ts';

const read = (listen: string, more = '') =>
  readConfig(`trustDomain: cluster.local\nlisten: { httpAuth: ${listen} }\n${more}`, '/etc/gatehouse/gatehouse.yaml');

describe('listen.httpAuth in the configuration', () => {
  const good = [
    { listen: '127.0.0.1:9192', tls: false },
    { listen: '"[::1]:9192"', tls: false },
    { listen: '0.0.0.0:9192', tls: true },
    { listen: '{ address: 127.0.0.1:9192, tls: true }', tls: true },
    { listen: 'unix:./run/http.sock', tls: undefined },
  ];
  for (const { listen, tls } of good)
    it(`takes ${listen}`, () => {
      const reading = read(listen);
      assert.ok(reading.ok);
      const { httpAuth } = reading.config.listen;
      assert.equal(httpAuth?.kind === 'tcp' ? httpAuth.tls : undefined, tls);
      assert.equal(reading.config.extAuthz.httpAmbiguousRequests, 'deny');
    });

  const bad = [
    { name: 'others without TLS', listen: '{ address: "0.0.0.0:9192", tls: false }', more: '', code: 'not-loopback' },
    { name: 'the address of Checks', listen: '127.0.0.1:9191', more: '', code: 'twice' },
    { name: 'no decider', listen: '127.0.0.1:9192', more: 'roles: [authority]\n', code: 'contradiction' },
  ];
  for (const { name, listen, more, code } of bad)
    it(`refuses ${name}`, () => {
      const reading = read(listen, more);
      assert.ok(!reading.ok);
      assert.ok(
        reading.findings.some((each) => each.code === code),
        JSON.stringify(reading.findings),
      );
    });
});
