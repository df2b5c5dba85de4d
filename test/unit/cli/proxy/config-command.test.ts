import assert from 'node:assert/strict';
import { chmod, readdir, writeFile } from 'node:fs/promises';
import { parse, stringify } from 'yaml';
import { proxyConfigCommand } from '../../../../src/cli/proxy/config-command.ts';
import { recordingTerminal } from '../../../support/recording-terminal.ts';
import { tempDir } from '../../../support/temp-dir.ts';

async function run(...args: readonly string[]) {
  const terminal = recordingTerminal();
  await proxyConfigCommand(terminal)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .parseAsync(args, { from: 'user' });
  return terminal.said;
}

const asked = ['--workload', 'default/details'];

describe('gatehouse proxy config', () => {
  const versions: readonly (readonly [proxy: string, version: string, refused: RegExp | undefined])[] = [
    ['nginx', '1.22.1', undefined],
    ['nginx', '1.30', undefined],
    ['nginx', '1.14.2', /cannot be made safe/],
    ['caddy', 'v2.11.4', undefined],
    ['caddy', '2.6.2', undefined],
    ['caddy', '2.4.0', /use 2\.6\.0 or newer/],
    ['traefik', '3.7.13', undefined],
    ['traefik', '2.11.9', undefined],
    ['traefik', '3.1.2', /CVE-2024-45410/],
    ['traefik', '2.11.8', /CVE-2024-45410/],
    ['haproxy', '3.2.26', undefined],
    ['haproxy', '2.6.12', undefined],
    ['haproxy', '2.4.0', /was not tried/],
    ['envoy', '1.40.0', undefined],
    ['envoy', '1.39.0', /1\.39\.1 or newer/],
    ['envoy', '1.36.11', undefined],
    ['envoy', '1.30.0', /1\.36\.10 or newer/],
    ['nginx', 'new', /write it as/],
  ];
  for (const [proxy, version, refused] of versions)
    it(`${refused ? 'refuses' : 'prints for'} ${proxy} ${version}`, async () => {
      const { code, out, err } = await run(proxy, ...asked, '--proxy-version', version);
      assert.equal(code, refused ? 2 : 0, err);
      if (refused) assert.match(err, refused);
      else assert.match(out, new RegExp(`/check/${proxy}/default/details`));
      assert.equal(out === '', refused !== undefined);
    });

  it('asks the program for its version, and what it is built with', async () => {
    await using dir = await tempDir();
    const program = async (text: string): Promise<string> => {
      await writeFile(dir.at('nginx'), `#!/bin/sh\necho '${text}' >&2\n`);
      await chmod(dir.at('nginx'), 0o755);
      return dir.at('nginx');
    };
    const print = async (text: string) => run('nginx', ...asked, '--proxy-program', await program(text));
    const module = '--with-http_auth_request_module';
    assert.match(
      (await print(`nginx version: nginx/1.26.3\nconfigure arguments: ${module}`)).err,
      /for nginx 1\.26\.3/,
    );
    assert.match((await print('nginx version: nginx/1.26.3')).err, /built without ngx_http_auth_request_module/);
    assert.match((await print(`nginx version: nginx/1.10.3 ${module}`)).err, /cannot be made safe/);
    assert.match((await print('none')).err, /does not say its version/);
    assert.match((await run('nginx', ...asked, '--proxy-program', dir.at('absent'))).err, /cannot be run/);
  });

  const wrong: readonly (readonly string[])[] = [
    ['--workload', 'details'],
    ['--workload', 'default/details/x'],
    ['--workload', 'default/details; }'],
    ['--workload', 'default/Details'],
    [...asked, '--listen', '8443'],
    [...asked, '--listen', '0.0.0.0:99999'],
    [...asked, '--upstream', 'app:80; return 200'],
    [...asked, '--gatehouse', '10.0.0.1:9192'],
    [...asked, '--gatehouse', 'gatehouse.example:9192'],
    [...asked, '--gatehouse', 'unix:run/http.sock'],
    [...asked, '--certificates', '/run/a b'],
    [...asked, '--certificates', '/run/a;"'],
    [...asked, '--header', 'x\ny'],
    [...asked, '--trust-domain', 'a/b'],
  ];
  for (const flags of wrong)
    it(`refuses ${JSON.stringify(flags)}`, async () => {
      const { code, out } = await run('nginx', ...flags, '--proxy-version', '1.22.1');
      assert.deepEqual([code, out], [2, '']);
    });

  it('prints no line for Caddy that it does not understand', async () => {
    const old = await run('caddy', ...asked, '--proxy-version', '2.6.2');
    assert.doesNotMatch(old.out, /X-Gatehouse-Destination|trust_pool/);
    assert.match((await run('caddy', ...asked, '--proxy-version', '2.11.4')).out, /X-Gatehouse-Destination|trust_pool/);
  });

  it('has Traefik ask every client for its certificate, and show its own, whatever name was asked for', async () => {
    const { out } = await run('traefik', ...asked, '--proxy-version', '3.7.15', '--certificates', '/run/svid');
    const dynamic = parse(out.slice(out.indexOf('# dynamic.yaml'))) as Record<string, unknown>; // as it was printed
    assert.deepEqual(dynamic['tls'], {
      stores: { default: { defaultCertificate: { certFile: '/run/svid/svid.pem', keyFile: '/run/svid/key.pem' } } },
      options: {
        default: {
          minVersion: 'VersionTLS12',
          clientAuth: { caFiles: ['/run/svid/bundle.pem'], clientAuthType: 'VerifyClientCertIfGiven' },
        },
      },
    });
  });

  it('asks over a unix socket where the proxy can', async () => {
    for (const [proxy, version, code] of [
      ['nginx', '1.22.1', 0],
      ['caddy', '2.11.4', 0],
      ['envoy', '1.40.0', 0],
      ['haproxy', '3.2.4', 2],
      ['traefik', '3.7.13', 2],
    ] as const) {
      const made = await run(
        proxy,
        ...asked,
        '--proxy-version',
        version,
        '--gatehouse',
        'unix:/run/gatehouse/http.sock',
      );
      assert.equal(made.code, code, made.err);
      if (code === 0) assert.match(made.out, /\/run\/gatehouse\/http\.sock/);
    }
  });

  it('takes from the policies of a configuration which headers are read and written', async () => {
    await using dir = await tempDir();
    await writeFile(
      dir.at('gatehouse.yaml'),
      stringify({ trustDomain: 'mesh.example', policies: { paths: ['./p.yaml'] } }),
    );
    await writeFile(
      dir.at('p.yaml'),
      `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: a, namespace: default }
spec: { rules: [{ when: [{ key: "request.headers[X-Team]", values: [a] }] }] }
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: b, namespace: other }
spec: { rules: [{ when: [{ key: "request.headers[x-other]", values: [a] }] }] }
---
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: { name: c, namespace: default }
spec: { jwtRules: [{ issuer: a, jwks: '{"keys":[]}', fromHeaders: [{ name: X-Token }], outputClaimToHeaders: [{ header: X-User, claim: sub }] }] }
`,
    );
    const config = ['--config', dir.at('gatehouse.yaml')];
    const envoy = (await run('envoy', ...asked, ...config, '--proxy-version', '1.40.0')).out;
    assert.match(envoy, /x-request-id,x-team,x-token/);
    assert.doesNotMatch(envoy, /x-other/);
    assert.match(envoy, /allowed_upstream_headers:\s+patterns:\s+- exact: x-gatehouse-id\s+- exact: x-user/);
    const nginx = await run('nginx', ...asked, ...config, '--proxy-version', '1.22.1');
    assert.match(
      nginx.out,
      /auth_request_set \$gatehouse_1 \$upstream_http_x_user;\s+proxy_set_header x-user \$gatehouse_1;/,
    );
    assert.match(
      nginx.err,
      /svid watch --id spiffe:\/\/mesh\.example\/ns\/default\/sa\/details --write \/run\/nginx\/svid/,
    );
  });

  it('writes files, or says all in one document', async () => {
    await using dir = await tempDir();
    const flags = [...asked, '--proxy-version', '2.6.12', '--output', 'json', '--write', dir.at('haproxy')];
    const { out } = await run('haproxy', ...flags);
    const told = JSON.parse(out) as { proxy: string; version: string; certificates: string; files: { name: string }[] };
    assert.deepEqual(
      [told.proxy, told.version, told.files.map(({ name }) => name)],
      ['haproxy', '2.6.12', ['haproxy.cfg', 'gatehouse.lua']],
    );
    assert.deepEqual((await readdir(dir.at('haproxy'))).sort(), ['gatehouse.lua', 'haproxy.cfg']);
  });
});
