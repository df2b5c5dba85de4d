/**
 * Identities, addresses, SNI.
 * @module
 */
import type { Case, Identity, Request } from '../case.ts';
import { bothWays, named, noCert, plain, source, when } from './corner.ts';

const id = (name: string, more: Omit<Identity, 'name'>): Identity => ({ name, ...more });

// biome-ignore format: a table
const callers: readonly Identity[] = [
  plain,
  noCert,
  named('spiffe://cluster.local/ns/foo/sa/sleep'),
  named('spiffe://cluster.local/ns/bar/sa/sleep'),
  named('spiffe://cluster.local/ns/foo/sa/sleep', 'spiffe://cluster.local/ns/bar/sa/admin'),
  named('spiffe://cluster.local/ns/bar/sa/admin', 'spiffe://cluster.local/ns/foo/sa/sleep'),
  named('spiffe://td1.example/ns/foo/sa/sleep'),
  named('spiffe://old.local/ns/foo/sa/sleep'),
  named('spiffe://CLUSTER.LOCAL/ns/foo/sa/sleep'),
  named('SPIFFE://cluster.local/ns/foo/sa/sleep'),
  named('spiffe://cluster.local'),
  named('spiffe://cluster.local/'),
  named('spiffe://cluster.local/ns/foo'),
  named('spiffe://cluster.local/ns/foo/'),
  named('spiffe://cluster.local/ns/foo/sa'),
  named('spiffe://cluster.local/ns/foo/sa/'),
  named('spiffe://cluster.local/ns//sa/sleep'),
  named('spiffe://cluster.local/ns/foo/sa/sleep/'),
  named('spiffe://cluster.local/ns/foo/sa/sleep/extra/deep'),
  named('spiffe://cluster.local/ns/foo/x/y/sa/sleep'),
  named('spiffe://cluster.local/x/ns/foo/sa/sleep'),
  named('spiffe://cluster.local/ns/foo/ns/bar/sa/sleep'),
  named('spiffe://cluster.local/ns/foo/sa/sleep/sa/admin'),
  named('spiffe://cluster.local/sa/sleep/ns/foo'),
  named('spiffe://cluster.local/ns/foo/sa/sleeper'),
  named('spiffe://cluster.local/ns/foo-bar/sa/sleep'),
  named('spiffe:///ns/foo/sa/sleep'),
  named('spiffe://*/ns/foo/sa/sleep'),
  named('spiffe://cluster.local/ns/foo/sa/sleep?x=1'),
  named('spiffe://cluster.local/ns/foo/sa/sl%65ep'),
  named('spiffe://cluster.local/ns/foo/sa/caf\u00e9'),
  named('spiffe://cluster.local/ns/foo/sa/a b'),
  named('https://example.com/ns/foo/sa/sleep'),
  named('/ns/foo/sa/sleep'),
  named('cluster.local/ns/foo/sa/sleep'),
  named('x'),
  named(''),
  named('spiffe://cluster.local/ns/foo/sa/\nsleep'),
  named(`spiffe://cluster.local/ns/foo/sa/${'s'.repeat(2100)}`),
  id('dns', { dns: ['sleep.foo.svc'] }),
  id('dns-two', { dns: ['a.foo.svc', 'sleep.foo.svc'] }),
  id('dns-wild', { dns: ['*.foo.svc'] }),
  id('dns-path', { dns: ['cluster.local/ns/foo/sa/sleep'] }),
  id('dns-spiffe', { dns: ['spiffe://cluster.local/ns/foo/sa/sleep'] }),
  id('uri-dns', { uris: ['spiffe://cluster.local/ns/bar/sa/x'], dns: ['spiffe://cluster.local/ns/foo/sa/sleep'] }),
  id('dns-first', { uris: ['spiffe://cluster.local/ns/bar/sa/x'], dns: ['sleep.foo.svc'], dnsFirst: true }),
  id('subject', { subject: 'sleep' }),
  id('subject-ns', { subject: 'x/ns/foo/sa/sleep' }),
  id('subject-spiffe', { subject: 'spiffe://cluster.local/ns/foo/sa/sleep' }),
  id('subject-org', { subject: 'sleep', organization: 'Acme, Inc.' }),
  id('subject-odd', { subject: ' #a+b"c\\d<e>;=', organization: 'caf\u00e9' }),
  id('org-only', { organization: '/ns/foo/' }),
  id('email', { emails: ['a@foo.svc'] }),
  id('email-uri', { emails: ['a@foo.svc'], uris: ['spiffe://cluster.local/ns/foo/sa/sleep'] }),
  id('nothing', {}),
  id('uri-subject', { uris: ['spiffe://cluster.local/ns/bar/sa/x'], subject: 'x/ns/foo/sa/sleep' }),
];

const asked: readonly Request[] = callers.flatMap((identity) => [
  { identity, sni: 'a.example' },
  { identity, tcp: true },
]);

// biome-ignore format: a table
const principals = [
  '*', 'cluster.local/ns/foo/sa/sleep', 'cluster.local/ns/foo/sa/*', 'cluster.local/ns/*', 'cluster.local/*', 'cluster.local*', '*/ns/foo/sa/sleep', '*sleep', '*/sa/sleep', '*e', '*/', '*cluster.local/ns/foo/sa/sleep', 'c*', 's*', 'spiffe://cluster.local/ns/foo/sa/sleep', 'spiffe://*',
  '*spiffe://cluster.local/ns/foo/sa/sleep', 'cluster.local/ns/*/sa/sleep', '*/ns/foo/*', '**', 'td1.example/ns/foo/sa/sleep', 'td1*', 'old.local/ns/foo/sa/sleep', 'CLUSTER.LOCAL/ns/foo/sa/sleep', 'cluster.local', 'cluster.local/', 'sleep.foo.svc', '*.foo.svc', 'CN=sleep', 'sleep', '.*', 'cluster.local/ns/fo./sa/sleep',
  'cluster.local/ns/foo/sa/caf\u00e9', 'cluster.local/ns/foo/sa/', '/ns/foo/sa/sleep', '*/ns/foo/sa/sleep/', '*xample.com/ns/foo/sa/sleep', '*.local/ns/foo/sa/sleep', 'clus*/ns/foo/sa/sleep', 'cluster.local/ns/foo/sa/sl%65ep', 'a b',
];
// biome-ignore format: a table
const namespaces = ['*', 'foo', 'foo*', '*foo', 'f*o', '*o*', 'foo-bar', 'bar', 'FOO', 'fo.', '.*', 'foo/sa/sleep', '*/sa/*', '**', 'f**o', '', 'foo/', 'ns', 'foo|bar', '(foo)', 'foo/ns/bar', 'caf\u00e9'].filter((each) => each !== '');
// biome-ignore format: a table
const serviceAccounts = ['sleep', 'foo/sleep', 'bar/sleep', 'bar/admin', 'foo/sl.ep', 'sl.ep', 'foo/admin', 'foo/sleeper', 'FOO/sleep', 'foo/caf\u00e9', 'x', 'foo-bar/sleep', 'fo./sleep', '(foo)/sleep'];
// biome-ignore format: a table
const trustDomains = ['*', 'cluster.local', 'td1.example', 'clu*', '*.local', '*l', 'c*', 'old.local', 'CLUSTER.LOCAL', 'cluster.loca', '.*', 'cluster?local', '*.example', 'td1*'];
// biome-ignore format: a table
const trustDomainKeys = [...trustDomains, 'cluster.local/ns/foo*', 'cluster.local/ns/foo', '*/ns/foo', 'cluster.local/'];

// biome-ignore format: a table
const identityCorners = (name: string, key: string, values: readonly string[], field?: string): Case[] =>
  values.flatMap((value, i) => [
    ...(field === undefined
      ? []
      : [
          ...bothWays(`${name}-${i}`, source({ [field]: [value] }), asked),
          ...bothWays(`not-${name}-${i}`, source({ [`not${field[0]!.toUpperCase()}${field.slice(1)}`]: [value] }), asked),
        ]),
    ...bothWays(`when-${name}-${i}`, when(key, [value]), asked),
    ...bothWays(`alias-${name}-${i}`, when(key, [value]), asked, { aliases: ['old.local', 'td1.example'] }),
    ...bothWays(`when-not-${name}-${i}`, when(key, undefined, [value]), asked, { aliases: ['cluster.example'] }),
  ]);

// biome-ignore format: a table
const blocks = [
  '10.1.5.6', '10.1.5.0/24', '10.1.5.6/0', '0.0.0.0/0', '::/0', '10.1.5.6/32', 'fd00:1::7', 'fd00:1::/32', 'FD00:0001::0007', '::ffff:10.1.5.6', '::ffff:10.1.5.0/120', '::ffff:0:0/96', '10.0.0.0/8', '10.1.5.7/31', '203.0.113.9', 'fd00::/8', '::1', '127.0.0.1', '0.0.0.0', '::', '255.255.255.255/32', '10.1.5.6/1', 'fd00:1::7/128', 'fd00:1::7/127', '1.2.3.4',
];
// biome-ignore format: a table
const sources = ['10.1.5.6', '10.1.5.7', '10.1.6.6', '203.0.113.9', '192.168.7.3', 'fd00:1::7', 'fd00:2::1'];
// biome-ignore format: a table
const forwarded = [
  '203.0.113.9', '10.1.5.6', ' 203.0.113.9 ', '203.0.113.9,', ',203.0.113.9', '203.0.113.9,10.1.5.6', '10.1.5.6, 203.0.113.9', 'bad', '10.1.5.6, bad', '203.0.113.9:80', '[fd00:1::7]', '[fd00:1::7]:80', 'fd00:1::7', 'FD00:1::7', 'fd00:1::7%eth0', 'fd00:1::7%1', 'fd00:1::7%01', 'fd00:1::7%4294967296', 'fe80::1%1', '10.1.5.6%1', '10.1.5.6\xa0', '::ffff:10.1.5.6', '::ffff:a01:506', '010.1.5.6', '10.1.5', '10.1.5.6.7', '0x0a.1.5.6', '167839494', '10.1.5.256', '10.1.5.6\t',
  ' ', '', ',', ',,', '10.1.5.6,,', '10.1.5.6 203.0.113.9', '203.0.113.9;10.1.5.6', '"10.1.5.6"', '-', 'unknown', '::', '::1', '127.0.0.1', '10.1.5.6, 203.0.113.9, 192.168.7.3', '10.1.5.6,10.1.5.7,203.0.113.9,192.168.7.3', `${'10.1.5.6,'.repeat(400)}203.0.113.9`, `${'1.1.1.1,'.repeat(30)}203.0.113.9`,
];
// biome-ignore format: a table
const addressed: readonly Request[] = [
  ...sources.flatMap((from): Request[] => [{ source: from }, { source: from, tcp: true }]),
  ...forwarded.flatMap((xff): Request[] => [
    { source: '192.168.7.3', headers: [['x-forwarded-for', xff]] },
    { source: 'fd00:2::1', h2: true, headers: [['X-Forwarded-For', xff]] },
  ]),
  { source: '192.168.7.3', headers: [['x-forwarded-for', '10.1.5.6'], ['x-forwarded-for', '203.0.113.9']] },
  { source: '192.168.7.3', headers: [['x-forwarded-for', '203.0.113.9'], ['x-forwarded-for', '']] },
  { source: '192.168.7.3', headers: [['x-forwarded-for', ''], ['x-forwarded-for', '203.0.113.9']] },
  { source: '192.168.7.3', headers: [['x-forwarded-for', 'bad'], ['x-forwarded-for', '10.1.5.6']] },
  { source: '192.168.7.3', headers: [['x-real-ip', '10.1.5.6'], ['x-envoy-external-address', '10.1.5.6'], ['forwarded', 'for=10.1.5.6']] },
];

// biome-ignore format: a table
const sniPatterns = ['*', 'a.example', 'A.example', '*.example', 'a.*', '*a.example*', 'a*e', 'outbound_.8080_._.reviews.foo.svc.cluster.local', '.*', 'a.example.', 'xn--caf-dma.example', '*example'];
// biome-ignore format: a table
const names = ['a.example', 'A.EXAMPLE', 'b.a.example', 'example', 'outbound_.8080_._.reviews.foo.svc.cluster.local', 'a.example.', 'xn--caf-dma.example', '', '10.1.5.6', 'a_b.example'];
// biome-ignore format: a table
const greeted: readonly Request[] = [
  ...names.flatMap((sni): Request[] => [{ identity: noCert, sni }, { identity: noCert, sni, tcp: true }, { identity: callers[2]!, sni, h2: true }]),
  { identity: plain },
  { identity: plain, tcp: true },
];

// biome-ignore format: a table
export const callerCorners: readonly Case[] = [
  ...identityCorners('principal', 'source.principal', principals, 'principals'),
  ...identityCorners('namespace', 'source.namespace', namespaces, 'namespaces'),
  ...identityCorners('account', 'source.serviceAccount', serviceAccounts, 'serviceAccounts'),
  ...identityCorners('trust-domain', 'source.trustDomain', trustDomains, 'trustDomains'),
  ...identityCorners('trust-domain-key', 'source.trustDomain', trustDomainKeys),
  ...blocks.flatMap((block, i) => [
    ...bothWays(`ip-${i}`, source({ ipBlocks: [block] }), addressed),
    ...bothWays(`not-ip-${i}`, source({ notIpBlocks: [block] }), addressed),
    ...bothWays(`remote-ip-${i}`, source({ remoteIpBlocks: [block] }), addressed),
    ...bothWays(`remote-ip-joined-${i}`, source({ notRemoteIpBlocks: [block] }), addressed.slice(0, -5), { rawHeaders: false }),
    ...bothWays(`remote-ip-gateway-${i}`, when('remote.ip', [block]), addressed, { useRemoteAddress: true, trustedHops: 1 }),
    ...bothWays(`remote-ip-hops0-${i}`, when('remote.ip', [block]), addressed, { useRemoteAddress: true, trustedHops: 0 }),
    ...bothWays(`remote-ip-hops2-${i}`, when('remote.ip', [block]), addressed, { useRemoteAddress: true, trustedHops: 2 }),
    ...bothWays(`remote-ip-hops2-sidecar-${i}`, when('remote.ip', [block]), addressed, { useRemoteAddress: false, trustedHops: 2 }),
  ]),
  ...sniPatterns.flatMap((value, i) => [
    ...bothWays(`sni-${i}`, when('connection.sni', [value]), greeted),
    ...bothWays(`not-sni-${i}`, when('connection.sni', undefined, [value]), greeted),
  ]),
];
