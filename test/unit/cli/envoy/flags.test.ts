import assert from 'node:assert/strict';
import { type BootstrapFlags, readFlags } from '../../../../src/cli/envoy/flags.ts';
import { seconds } from '../../../../src/cli/envoy/options.ts';
import { GatehouseError } from '../../../../src/errors.ts';

const good: BootstrapFlags = {
  workload: 'default/details',
  trustDomain: 'cluster.local',
  listen: '0.0.0.0:8443',
  upstream: '127.0.0.1:9080',
  upstreamProtocol: 'http1',
  outbound: [],
  label: ['app=details', 'note=a=b'],
  protocol: 'http',
  serverSpeaksFirst: false,
  sds: 'unix:/run/gatehouse/details.sock',
  extAuthz: '127.0.0.1:9191',
  extAuthzTls: false,
  timeout: '250ms',
  maxConnectionDuration: '1h',
  paths: 'strict',
  gateway: false,
  trustedHops: '0',
  federated: false,
  admin: '127.0.0.1:9901',
  accessLog: '/dev/stdout',
};

describe('readFlags', () => {
  it('reads a server', () => {
    const options = readFlags({ ...good, outbound: ['127.0.0.1:9001=[fd00::7]:8443=default/reviews'] });
    assert.equal(options.spiffeId, 'spiffe://cluster.local/ns/default/sa/details');
    assert.deepEqual(options.labels, { app: 'details', note: 'a=b' });
    assert.equal(options.timeoutMs, 250);
    assert.equal(options.maxConnectionMs, 3_600_000);
    assert.deepEqual(options.outbound, [
      {
        listen: { kind: 'socket', host: '127.0.0.1', port: 9001 },
        server: { kind: 'socket', host: 'fd00::7', port: 8443 },
        serverId: 'spiffe://cluster.local/ns/default/sa/reviews',
      },
    ]);
  });

  it('reads every millisecond exactly, and 0 as no limit of connections', () => {
    const timeout = (text: string) => seconds(readFlags({ ...good, timeout: text }).timeoutMs);
    assert.deepEqual(['57ms', '1ms', '1009ms', '1h'].map(timeout), ['0.057s', '0.001s', '1.009s', '3600s']);
    for (const text of ['0', '0s']) {
      assert.equal(readFlags({ ...good, maxConnectionDuration: text }).maxConnectionMs, 0);
    }
  });

  const { listen: _, ...withoutListen } = good;
  const wrong: readonly { readonly name: string; readonly flags: BootstrapFlags; readonly want: RegExp }[] = [
    { name: 'half a workload', flags: { ...good, workload: 'details' }, want: /^--workload: "details" is neither/ },
    { name: 'a workload of three parts', flags: { ...good, workload: 'a/b/c' }, want: /^--workload/ },
    { name: 'a bad trust domain', flags: { ...good, trustDomain: 'Cluster' }, want: /is not a trust domain/ },
    { name: 'an upstream without a listener', flags: withoutListen, want: /^--listen/ },
    { name: 'a port that is none', flags: { ...good, listen: '0.0.0.0:70000' }, want: /^--listen.*HOST:PORT/ },
    { name: 'IPv6 without brackets', flags: { ...good, upstream: '::1:80' }, want: /^--upstream/ },
    {
      name: 'a socket path that is too long',
      flags: { ...good, sds: `unix:/${'a'.repeat(120)}` },
      want: /^--sds: the path has more than 107 bytes/,
    },
    { name: 'certificates over TCP', flags: { ...good, sds: '127.0.0.1:1' }, want: /^--sds.*unix socket only/ },
    { name: 'a plain Check over the network', flags: { ...good, extAuthz: '10.0.0.1:9191' }, want: /--ext-authz-tls/ },
    { name: 'admin pages for everybody', flags: { ...good, admin: '0.0.0.0:9901' }, want: /^--admin.*no login/ },
    {
      name: 'an outbound listener for everybody',
      flags: { ...good, outbound: ['0.0.0.0:9001=10.0.0.7:8443=default/x'] },
      want: /^--outbound.*use 127\.0\.0\.1/,
    },
    { name: 'half an outbound', flags: { ...good, outbound: ['127.0.0.1:9001'] }, want: /LISTEN=SERVER/ },
    { name: 'a label without value', flags: { ...good, label: ['app'] }, want: /^--label.*KEY=VALUE/ },
    { name: 'a duration without unit', flags: { ...good, timeout: '5' }, want: /^--timeout.*duration/ },
    { name: 'a Check without limit', flags: { ...good, timeout: '0' }, want: /^--timeout.*wait for ever/ },
    { name: 'a Check of no milliseconds', flags: { ...good, timeout: '0ms' }, want: /^--timeout.*wait for ever/ },
    { name: 'a Check of a day', flags: { ...good, timeout: '1d' }, want: /^--timeout.*to 1h/ },
    { name: 'a negative duration', flags: { ...good, timeout: '-1s' }, want: /^--timeout/ },
    {
      name: 'connections of ages',
      flags: { ...good, maxConnectionDuration: '366d' },
      want: /^--max-connection-duration.*365d.*no limit/,
    },
    { name: 'hops of a sidecar', flags: { ...good, trustedHops: '1' }, want: /^--trusted-hops.*--gateway/ },
    { name: 'hops that are no number', flags: { ...good, gateway: true, trustedHops: '1e1' }, want: /^--trusted-hops/ },
    { name: 'an upstream that nobody is', flags: { ...good, upstream: '127.0.0.1:0' }, want: /^--upstream.*port 0/ },
    { name: 'Checks to nobody', flags: { ...good, extAuthz: '127.0.0.1:0' }, want: /^--ext-authz.*port 0/ },
    {
      name: 'an outbound to nobody',
      flags: { ...good, outbound: ['127.0.0.1:0=10.0.0.7:0=default/x'] },
      want: /^--outbound.*port 0/,
    },
    { name: 'a TCP gateway', flags: { ...good, gateway: true, protocol: 'tcp' }, want: /^--gateway/ },
  ];
  for (const { name, flags, want } of wrong) {
    it(`refuses ${name}`, () => {
      assert.throws(
        () => readFlags(flags),
        (error) => error instanceof GatehouseError && want.test(error.message),
      );
    });
  }
});
