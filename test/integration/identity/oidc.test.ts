import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { connect } from 'node:tls';
import { createRemoteJWKSet, customFetch, jwtVerify } from 'jose';
import { Agent, fetch } from 'undici';
import { adminGet } from '../../support/admin.ts';
import { commandLineOf } from '../../support/command-of.ts';
import { eventually } from '../../support/eventually.ts';
import { freePort } from '../../support/free-port.ts';
import { type GatehouseDir, gatehouseDir, usualListeners } from '../../support/gatehouse-dir.ts';
import { type RunningGatehouse, runGatehouse } from '../../support/run-gatehouse.ts';

const details = 'spiffe://cluster.local/ns/default/sa/details';
const LEAD_MS = 3_000;

describe('OIDC discovery', function () {
  this.timeout(300_000);
  let dir: GatehouseDir;
  let server: RunningGatehouse;
  let issuer: string;
  let roots: string;

  before(async () => {
    issuer = `https://localhost:${await freePort()}`;
    dir = await gatehouseDir({
      entries: [{ spiffeId: details, selectors: [`unix:uid:${process.geteuid?.() ?? -1}`], jwtSvidTtl: '90s' }],
      authority: { jwtIssuer: issuer, oidcLead: `${LEAD_MS}ms` },
      listen: { ...usualListeners, oidc: issuer.replace('https://localhost', '127.0.0.1') },
    });
    server = await runGatehouse(dir.config);
    roots = (await commandLineOf(dir.config)('bundle', 'show', '--format', 'pem')).out;
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    await dir[Symbol.asyncDispose]();
  });
  const ask = (...args: readonly string[]) => commandLineOf(dir.config)(...args);
  const token = async (): Promise<string> => (await ask('jwt', 'fetch', '--audience', 'shop')).out.trim();

  /** A client that knows our roots, and nothing else of us. */
  const client = () => {
    const agent = new Agent({ connect: { ca: roots } });
    return {
      get: async (path: string) => {
        const answer = await fetch(`${issuer}${path}`, { dispatcher: agent });
        return { status: answer.status, type: answer.headers.get('content-type'), body: await answer.text() };
      },
      keys: createRemoteJWKSet(new URL(`${issuer}/keys`), {
        cacheMaxAge: LEAD_MS / 3,
        cooldownDuration: LEAD_MS / 3,
        [customFetch]: async (url) => {
          const answer = await fetch(url, { dispatcher: agent });
          return new Response(await answer.text(), { status: answer.status });
        },
      }),
      [Symbol.asyncDispose]: () => agent.close(),
    };
  };

  it('says of itself, in the ready line and in status, where it is', async () => {
    assert.equal(server.ready.oidc, issuer.replace('https://localhost', '127.0.0.1'));
    assert.match((await ask('status', '--output', 'json')).out, /"oidc":\s*"127.0.0.1:/);
  });

  it('leads who knows only the issuer to a key that verifies a token, which names the issuer', async () => {
    await using anybody = client();
    const { status, type, body } = await anybody.get('/.well-known/openid-configuration');
    assert.deepEqual([status, type], [200, 'application/json']);
    const found = JSON.parse(body) as { issuer: string; jwks_uri: string };
    assert.deepEqual([found.issuer, found.jwks_uri], [issuer, `${issuer}/keys`]);
    const { payload, protectedHeader } = await jwtVerify(await token(), anybody.keys, { issuer, audience: 'shop' });
    assert.equal(payload.sub, details);
    assert.equal(protectedHeader.typ, 'JWT');
    await assert.rejects(jwtVerify(await token(), anybody.keys, { issuer, audience: 'another' }));
  });

  it('asks nobody for a certificate that it could believe, and shows one of its own for its host name', async () => {
    const socket = connect({
      ...{ host: '127.0.0.1', port: Number(new URL(issuer).port) },
      servername: 'localhost',
      ca: roots,
    });
    await new Promise<void>((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
    assert.match(socket.getPeerCertificate().subjectaltname ?? '', /DNS:localhost/);
    socket.destroy();
  });

  it('rotates without a verification that fails, and not before fetchers may have the new key', async () => {
    await using anybody = client();
    const seen = new Set<string>();
    let verified = 0;
    const failures: string[] = [];
    const stop = new AbortController();
    const traffic = (async () => {
      while (!stop.signal.aborted) {
        try {
          const { protectedHeader } = await jwtVerify(await token(), anybody.keys, { issuer, audience: 'shop' });
          seen.add(protectedHeader.kid ?? '');
          verified += 1;
        } catch (thrown) {
          failures.push(String(thrown));
        }
      }
    })();
    await eventually('a token is verified', () => verified > 0 || undefined);
    assert.equal((await ask('ca', 'prepare', '--jwt')).code, 0);
    const early = await ask('ca', 'activate', '--jwt');
    assert.equal(early.code, 1, early.out);
    assert.match(early.out + early.err, /oidc/);
    await eventually('the lead is over', async () => (await ask('ca', 'activate', '--jwt')).code === 0 || undefined);
    await eventually('both keys were seen', () => seen.size === 2 || undefined);
    stop.abort();
    await traffic;
    assert.deepEqual(failures, []);
    assert.equal((await ask('ca', 'revoke', '--jwt')).code, 1, 'tokens of the old key are out');
  });

  it('is started anew at the same place when its process is killed, and says so meanwhile', async () => {
    const child = execFileSync('pgrep', ['-P', String(server.pid), '-f', 'documents-main'], {
      encoding: 'utf8',
    }).trim();
    process.kill(Number(child), 'SIGKILL');
    await eventually('it serves again', async () => {
      await using anybody = client();
      return (await anybody.get('/keys')).status === 200 || undefined;
    });
    assert.match(server.log(), /process for public documents has ended/);
    assert.match(server.log(), /served again/);
    await eventually('status is content', async () => {
      const { degraded } = await adminGet<{ degraded?: readonly string[] }>(dir, '/v1/status');
      return !JSON.stringify(degraded ?? []).includes('oidc') || undefined;
    });
  });

  it('bounds what strangers hold: a thousand connections that say nothing keep nobody out', async () => {
    const idle = Array.from({ length: 1_000 }, () =>
      connect({ host: '127.0.0.1', port: Number(new URL(issuer).port), ca: roots, servername: 'localhost' }),
    );
    for (const each of idle) each.on('error', () => undefined);
    await using anybody = client();
    assert.equal((await anybody.get('/keys')).status, 200);
    for (const each of idle) each.destroy();
  });

  it('counts its connections among the others of metrics', async () => {
    const text = await new Promise<string>((resolve, reject) => {
      fetch(`http://${server.ready.health}/metrics`).then((answer) => answer.text().then(resolve, reject), reject);
    });
    assert.match(text, /gatehouse_connections\{listener="oidc"\}|listener="oidc"/);
  });
});

describe('OIDC discovery, configured wrongly', function () {
  this.timeout(120_000);
  const cases: readonly { name: string; config: Record<string, unknown>; want: RegExp }[] = [
    {
      name: 'without an issuer',
      config: { listen: { ...usualListeners, oidc: '127.0.0.1:0' } },
      want: /authority\.jwtIssuer is empty/,
    },
    {
      name: 'with a slash at the end of the issuer',
      config: {
        authority: { jwtIssuer: 'https://oidc.example.org/' },
        listen: { ...usualListeners, oidc: '127.0.0.1:0' },
      },
      want: /without a slash at its end/,
    },
    {
      name: 'with an issuer that is not https',
      config: {
        authority: { jwtIssuer: 'http://oidc.example.org' },
        listen: { ...usualListeners, oidc: '127.0.0.1:0' },
      },
      want: /must be https:/,
    },
    {
      name: 'with a lead that no rotation could keep',
      config: {
        authority: { jwtIssuer: 'https://oidc.example.org', oidcLead: '30m', jwtAuthorityTtl: '1h' },
        listen: { ...usualListeners, oidc: '127.0.0.1:0' },
      },
      want: /at most a quarter of jwtAuthorityTtl/,
    },
  ];
  for (const { name, config, want } of cases) {
    it(`is refused ${name}`, async () => {
      await using dir = await gatehouseDir(config);
      const { code, out, err } = await commandLineOf(dir.config)('config', 'check');
      assert.equal(code, 1);
      assert.match(out + err, want);
    });
  }
});
