import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type RunningGatehouse, runGatehouse } from '../support/run-gatehouse.ts';
import { type TempDir, tempDir } from '../support/temp-dir.ts';
import { ask, buildClients, clients, go, serve } from './clients.ts';

const CONFIG = `
trustDomain: cluster.local
authority: { x509SvidTtl: 20s }
policies: { paths: [./policies], allowEmpty: true }
listen: { workloadApi: unix:./run/workload.sock, extAuthz: 127.0.0.1:0, admin: unix:./run/admin.sock, health: 127.0.0.1:0 }
entries:
  - spiffeId: spiffe://cluster.local/ns/default/sa/interop
    selectors: [unix:uid:${process.getuid?.() ?? 0}]
    x509SvidTtl: 20s
`;

describe('Workload API, asked by the SPIFFE libraries of other languages', function () {
  this.timeout(120_000);
  let gatehouse: RunningGatehouse;
  let folder: TempDir;
  let socket: string;

  before(async function () {
    this.timeout(1_200_000);
    buildClients();
    folder = await tempDir();
    mkdirSync(join(folder.path, 'policies'));
    writeFileSync(join(folder.path, 'gatehouse.yaml'), CONFIG);
    gatehouse = await runGatehouse(join(folder.path, 'gatehouse.yaml'));
    socket = gatehouse.ready.workloadApi.replace(/^unix:/, '');
  });

  after(async () => {
    await gatehouse?.stop();
    await folder?.[Symbol.asyncDispose]();
  });

  for (const client of clients) {
    it(`${client.name} fetches an X.509-SVID and bundles`, async () => {
      assert.match(await ask(client, socket, 'fetch'), /spiffe:\/\/cluster\.local\/ns\/default\/sa\/interop/);
    });

    it(`${client.name} sees a renewal`, async () => {
      await ask(client, socket, 'watch', '40');
    });

    it(`${client.name} fetches, validates and refuses JWT-SVIDs`, async () => {
      await ask(client, socket, 'jwt', 'somebody');
    });

    it(`${client.name} calls go-spiffe over mTLS`, async () => {
      const server = await serve(go, socket);
      try {
        await ask(client, socket, 'dial', server.port);
      } finally {
        await server.stop('SIGKILL');
      }
    });

    it(`go-spiffe calls ${client.name} over mTLS`, async () => {
      const server = await serve(client, socket);
      try {
        await ask(go, socket, 'dial', server.port);
      } finally {
        await server.stop('SIGKILL');
      }
    });
  }

  it('go-spiffe is content with the certificates themselves, and with 300 callers at once', async () => {
    await ask(go, socket, 'x509,bundles,source,mtls,many');
  });

  it('GnuTLS verifies the chain (certtool)', async () => {
    const out = join(folder.path, 'pem');
    mkdirSync(out);
    const [program, args] = go.command(socket, 'x509');
    const fetched = spawnSync(program, [...args, '-out', out], { encoding: 'utf8' });
    assert.equal(fetched.status, 0, fetched.stdout);
    const verified = spawnSync(
      'certtool',
      [
        '--verify',
        '--verify-profile',
        'medium',
        '--infile',
        join(out, 'svid.pem'),
        '--load-ca-certificate',
        join(out, 'bundle.pem'),
      ],
      { encoding: 'utf8' },
    );
    assert.equal(
      verified.status,
      0,
      `certtool (package gnutls-bin): ${verified.error ?? ''}${verified.stdout}${verified.stderr}`,
    );
    assert.match(verified.stdout, /Chain verification output: Verified/);
  });
});
