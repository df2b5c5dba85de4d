import assert from 'node:assert/strict';
import { examineHttpCallers } from '../../../../../src/cli/doctor/server/http-callers.ts';
import type { Config } from '../../../../../src/config/config.ts';
import { readConfig } from '../../../../../src/config/read-config.ts';

function configOf(differs: object): Config {
  const reading = readConfig(JSON.stringify({ trustDomain: 'cluster.local', ...differs }), '/etc/gatehouse.yaml');
  assert.ok(reading.ok, JSON.stringify(reading));
  return reading.config;
}

const codes = (differs: object): readonly string[] => examineHttpCallers(configOf(differs), []).map(({ code }) => code);

describe('examineHttpCallers', () => {
  const listeners: readonly (readonly [listener: unknown, codes: readonly string[]])[] = [
    ['127.0.0.1:9192', []],
    ['[::1]:9192', []],
    ['unix:./run/http.sock', []],
    [{ path: './run/http.sock', mode: '0666' }, ['http_auth_open']],
    ['0.0.0.0:9192', []],
    [{ address: '10.0.0.1:9192', tls: true }, []],
  ];
  for (const [httpAuth, want] of listeners)
    it(`${JSON.stringify(httpAuth)}: ${want.join() || 'nothing'}`, () =>
      assert.deepEqual(codes({ listen: { httpAuth } }), want));

  it('says nothing where nobody asks by HTTP', () => assert.deepEqual(codes({}), []));

  it('tells that spellings are let pass', () => {
    const extAuthz = { httpAmbiguousRequests: 'asUpstream' };
    assert.deepEqual(codes({ listen: { httpAuth: '127.0.0.1:9192' }, extAuthz }), ['http_auth_ambiguous']);
  });

  it('tells once what a proxy does not say, and what it says wrong', () => {
    const details = { spiffeId: 'spiffe://cluster.local/ns/default/sa/details', foundBy: 'path' };
    const lacks = 'traefik cannot say destination.port';
    const [unsaid, malformed] = [
      { asker: { proxy: 'traefik', lacks }, destination: details, policy: 'default/ports' },
      { asker: { proxy: 'nginx', malformed: 'x-gatehouse-method is missing' } },
    ];
    const usual = { asker: { proxy: 'caddy' }, destination: details };
    const found = examineHttpCallers(configOf({ listen: { httpAuth: '127.0.0.1:9192' } }), [
      ...[usual, {}, unsaid, malformed, unsaid, malformed],
    ]);
    assert.deepEqual(
      found.map(({ code, severity, where, message }) => ({ code, severity, where, message })),
      [
        {
          code: 'http_auth_unsaid',
          severity: 'error',
          where: 'listen.httpAuth: traefik before spiffe://cluster.local/ns/default/sa/details',
          message: `policy default/ports reads what is not said, so all are denied: ${lacks}`,
        },
        {
          code: 'http_auth_malformed',
          severity: 'error',
          where: 'listen.httpAuth: nginx before no workload that is known',
          message: 'what it asks is denied: x-gatehouse-method is missing',
        },
      ],
    );
  });
});
