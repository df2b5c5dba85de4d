import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { startChild } from '../../support/child.ts';
import { type GatehouseDir, gatehouseDir, usualListeners } from '../../support/gatehouse-dir.ts';
import { openssl } from '../../support/openssl.ts';
import { makeCertificate, usualCa } from '../../support/openssl-ca.ts';
import { gatehouseCommand, gatehouseJson, type RunningGatehouse, runGatehouse } from '../../support/run-gatehouse.ts';
import { makeCa } from '../../support/upstream-ca.ts';

const entries = [
  { spiffeId: 'spiffe://cluster.local/ns/default/sa/a', selectors: [`unix:uid:${process.geteuid?.()}`] },
];

async function verifiedBy(dir: GatehouseDir, server: RunningGatehouse): Promise<{ openssl: string; chain: number }> {
  await gatehouseJson('svid', 'fetch', '--write', dir.at('svid'), '--socket', server.ready.workloadApi);
  const chain = await readFile(dir.at('svid/svid.pem'), 'utf8');
  const certificates = chain.match(/-----BEGIN[\s\S]*?-----END CERTIFICATE-----\n/g) ?? [];
  await writeFile(dir.at('untrusted.pem'), certificates.slice(1).join(''));
  await writeFile(dir.at('leaf.pem'), certificates[0] ?? '');
  const between = certificates.length > 1 ? ['-untrusted', dir.at('untrusted.pem')] : [];
  const byOpenssl = openssl([
    'verify',
    '-x509_strict',
    '-CAfile',
    dir.at('svid/bundle.pem'),
    ...between,
    dir.at('leaf.pem'),
  ]);
  return { openssl: byOpenssl.text, chain: certificates.length };
}

describe('the authority as it is configured', function () {
  this.timeout(300_000);

  for (const { name, upstream } of [
    {
      name: 'files that are named',
      upstream: { cert: './ca/middle.crt', key: './ca/middle.key', ca: './ca/root.crt' },
    },
    { name: 'a directory as cert-manager fills it', upstream: { directory: './ca' } },
  ]) {
    it(`signs as an intermediate under an upstream CA from ${name}; openssl verifies, before and after a rotation`, async () => {
      await using dir = await gatehouseDir();
      await makeCa(dir, 'root');
      await makeCa(dir, 'middle', 'root');
      for (const [from, to] of [
        ['middle.crt', 'tls.crt'],
        ['middle.key', 'tls.key'],
        ['root.crt', 'ca.crt'],
      ] as const)
        await writeFile(dir.at(`ca/${to}`), await readFile(dir.at(`ca/${from}`)));
      await dir.configure({ listen: usualListeners, entries, authority: { upstream } });
      await using server = await runGatehouse(dir.config);
      for (const round of ['before', 'after']) {
        if (round === 'after') {
          await gatehouseJson('ca', 'prepare', '--admin', server.ready.admin);
          await gatehouseJson('ca', 'activate', '--override', '--reason', 'test', '--admin', server.ready.admin);
        }
        const verified = await verifiedBy(dir, server);
        assert.match(verified.openssl, /OK$/m, round);
        assert.equal(verified.chain, 3, 'leaf, ours, and the one between us and the root');
      }
      assert.equal(
        (await readFile(dir.at('svid/bundle.pem'), 'utf8')).match(/BEGIN/g)?.length,
        1,
        'the root alone is trusted',
      );
    });
  }

  it('says at start, in readiness and in a metric, what clients may not take of an upstream CA, and when it ends', async () => {
    await using dir = await gatehouseDir();
    makeCertificate(dir, {
      name: 'root',
      extensions: usualCa
        .replace('subjectKeyIdentifier=hash', 'subjectKeyIdentifier=none')
        .replace(/authority.*\n/, ''),
      untilDays: 2 / 24,
    });
    await dir.configure({ authority: { upstream: { cert: './root.pem', key: './root.key' } } });
    await using server = await runGatehouse(dir.config);
    const text = async (path: string) => (await fetch(`http://${server.ready.health}${path}`)).text();
    assert.match(server.log(), /the upstream CA: certificate [0-9a-f]+ .*has no subject key identifier/);
    assert.match(server.log(), /the upstream CA: certificate .* ends at /);
    assert.match(await text('/readyz'), /authority\.upstream: ends_soon: certificate .* ends at /);
    const metrics = await text('/metrics');
    for (const code of ['no_subject_key_id', 'ends_soon'])
      assert.match(metrics, new RegExp(`gatehouse_upstream_findings\\{code="${code}"\\} 1`));
    const left = Number(/^gatehouse_upstream_expiry_seconds (\d+)/m.exec(metrics)?.[1]);
    assert.ok(left > 3600 && left <= 7200, String(left));
  });

  it('verifies by openssl while two roots are trusted, old and new', async () => {
    await using dir = await gatehouseDir({ listen: usualListeners, entries });
    await using server = await runGatehouse(dir.config);
    for (const verb of [undefined, ['prepare'], ['activate', '--override', '--reason', 'test']]) {
      if (verb) await gatehouseJson('ca', ...verb, '--admin', server.ready.admin);
      const verified = await verifiedBy(dir, server);
      assert.match(verified.openssl, /OK$/m);
      assert.equal(verified.chain, 1);
    }
  });

  const broken: { name: string; make: (dir: GatehouseDir) => Promise<object>; says: RegExp }[] = [
    {
      name: 'whose key is another one',
      make: async (dir) => {
        await makeCa(dir, 'root');
        await makeCa(dir, 'other');
        return { cert: './ca/root.crt', key: './ca/other.key' };
      },
      says: /upstream CA cannot be used: the key in \S+other\.key is not that of the certificate: certificate \w+ \(\S.*\) in \S+root\.crt/,
    },
    {
      name: 'that is not a CA',
      make: async (dir) => {
        await makeCa(dir, 'root');
        await makeCa(dir, 'leaf', 'root', false);
        return { cert: './ca/leaf.crt', key: './ca/leaf.key', ca: './ca/root.crt' };
      },
      says: /is not a CA/,
    },
    {
      name: 'whose file is missing',
      make: async () => ({ cert: './ca/nowhere.crt', key: './ca/nowhere.key' }),
      says: /authority\.upstream\.\w+ .*nowhere\.\w+ cannot be read/,
    },
  ];
  for (const { name, make, says } of broken) {
    it(`does not start under an upstream CA ${name}, and says so`, async () => {
      await using dir = await gatehouseDir();
      await dir.configure({ listen: usualListeners, authority: { upstream: await make(dir) } });
      await using child = startChild(...gatehouseCommand('serve', '--config', dir.config));
      assert.equal(await child.ended, 2);
      assert.match(child.stderr(), says);
      assert.equal(child.stdout(), '');
    });
  }

  it('makes new authorities at a start that finds the keys gone from memory, and goes on trusting the old ones', async () => {
    await using dir = await gatehouseDir({
      listen: usualListeners,
      entries,
      authority: { keyStore: 'memory', jwtKeyType: 'RS256' },
    });
    const slotsOf = async (server: RunningGatehouse): Promise<Map<string, string>> => {
      const { x509Authorities } = (await gatehouseJson('ca', 'status', '--admin', server.ready.admin)) as {
        x509Authorities: { id: string; slot: string }[];
      };
      return new Map(x509Authorities.map(({ id, slot }) => [slot, id]));
    };
    await using first = await runGatehouse(dir.config);
    const before = await slotsOf(first);
    await first.stop();
    await using second = await runGatehouse(dir.config);
    const after = await slotsOf(second);
    assert.equal(after.get('old'), before.get('active'));
    assert.notEqual(after.get('active'), before.get('active'));
    assert.match((await verifiedBy(dir, second)).openssl, /OK$/m);
  });
});
