import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:https';
import { connect as connectPlain } from 'node:net';
import { connect, type PeerCertificate } from 'node:tls';
import { askAdmin } from '../../support/ask-admin.ts';
import { checkClient, question } from '../../support/check-client.ts';
import { startChild } from '../../support/child.ts';
import { eventually } from '../../support/eventually.ts';
import { type GatehouseDir, gatehouseDir } from '../../support/gatehouse-dir.ts';
import { newEcKey, openssl } from '../../support/openssl.ts';
import { makeRoot } from '../../support/own-authority.ts';
import { gatehouseCommand, gatehouseJson, runGatehouse } from '../../support/run-gatehouse.ts';
import { type ClientIdentity, mustBe, svidOf } from '../../support/svid-of.ts';

const AUTHORITY = 'spiffe://cluster.local/gatehouse/authority';
const DECIDER = 'spiffe://cluster.local/gatehouse/decider';
const idOf = (name: string) => `spiffe://cluster.local/ns/default/sa/${name}`;
const names = ['details', 'productpage', 'gateway', 'operator'] as const;

const listeners = {
  extAuthz: { address: '127.0.0.1:0', tls: true },
  health: { address: '127.0.0.1:0', tls: true },
  admin: '127.0.0.1:0',
};

function lockedDir(more: object = {}): Promise<GatehouseDir> {
  return gatehouseDir({
    listen: listeners,
    admin: { clients: [idOf('operator')] },
    tls: { dnsNames: ['gatehouse.test'] },
    workloads: names.map((name) => ({
      namespace: 'default',
      serviceAccount: name,
      socket: { path: `./run/${name}.sock` },
    })),
    ...more,
  });
}

const identity = (dir: GatehouseDir, name: (typeof names)[number]) => svidOf(dir.at(`run/${name}.sock`));
const portOf = (address: string) => Number(address.split(':')[1]);

/** What a TLS server shows, whoever asks. */
async function shownBy(address: string, own: ClientIdentity): Promise<PeerCertificate> {
  const socket = connect({ port: portOf(address), host: '127.0.0.1', ...own, checkServerIdentity: () => undefined });
  await once(socket, 'secureConnect');
  const shown = socket.getPeerCertificate();
  socket.destroy();
  return shown;
}

interface Page {
  readonly status: number;
  readonly text: string;
}

function page(address: string, path: string, own: Partial<ClientIdentity>, server = AUTHORITY): Promise<Page> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: portOf(address), path, ...own, checkServerIdentity: mustBe(server) };
    request({ ...options, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (some: string) => {
        text += some;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    })
      .on('error', reject)
      .end();
  });
}

describe('our own door', function () {
  this.timeout(300_000);

  for (const transport of ['lane', 'grpc-js']) {
    describe(`Checks over mTLS by ${transport}`, () => {
      it("answers whoever is the destination or in extAuthz.clients, by the caller's SVID", async () => {
        await using dir = await lockedDir({ extAuthz: { transport, clients: [idOf('gateway')] } });
        await using server = await runGatehouse(dir.config);
        const reasonFor = async (name: (typeof names)[number], extensions: Record<string, string> = {}) => {
          using client = checkClient(server.ready.extAuthz, await identity(dir, name));
          const { attributes } = question('GET');
          const answer = await client.ask({ attributes: { ...attributes, contextExtensions: extensions } });
          if (!('response' in answer)) return `code ${answer.code}`;
          const ours = answer.response.dynamicMetadata?.['gatehouse'] as { destination?: string } | undefined; // the contract's own shape
          return `${answer.reason} ${ours?.destination ?? ''}`;
        };
        const details = `rule_allowed ${idOf('details')}`;
        assert.equal(await reasonFor('details'), details);
        assert.equal(await reasonFor('gateway'), details);
        assert.equal(await reasonFor('productpage'), 'caller_not_authorised ');
        const workload = { 'gatehouse.workload': idOf('productpage') };
        assert.equal(
          await reasonFor('productpage', workload),
          'caller_not_authorised ',
          'its own word counts for nothing',
        );
        assert.equal(await reasonFor('details', workload), details, 'and changes nothing');
        assert.equal(await reasonFor('gateway', workload), `rule_allowed ${idOf('productpage')}`, 'a client names it');
      });

      it('lets nobody in who proves no certificate of ours, and says so in the log', async () => {
        await using dir = await lockedDir({ extAuthz: { transport }, log: { level: 'info' } });
        await using server = await runGatehouse(dir.config);
        const own = await identity(dir, 'details');
        makeRoot(dir.path, 'evil', 'cluster.local');
        const evil = openssl([
          ...['req', '-x509', ...newEcKey, '-days', '1'],
          ...['-subj', '/CN=evil', '-CA', dir.at('evil.pem'), '-CAkey', dir.at('evil.key'), '-keyout', dir.at('e.key')],
          ...['-addext', `subjectAltName=URI:${idOf('details')}`, '-addext', 'basicConstraints=CA:false'],
        ]);
        assert.ok(evil.ok, evil.text);
        const { readFile } = await import('node:fs/promises');
        const stranger = { ca: own.ca, key: await readFile(dir.at('e.key'), 'utf8'), cert: evil.stdout.toString() };
        using client = checkClient(server.ready.extAuthz, stranger);
        assert.equal((await client.ask(question('GET'))).code, 14);
        using plain = checkClient(server.ready.extAuthz);
        assert.equal((await plain.ask(question('GET'))).code, 14);
        await eventually('both are logged', () => {
          const log = server.log();
          return /handshake of 127\.0\.0\.1 failed/.test(log) ? true : undefined;
        });
        using good = checkClient(server.ready.extAuthz, own);
        assert.equal((await good.ask(question('GET'))).code, 0, 'and it goes on serving others');
      });

      it('renews its SVID while serving: new connections get the new one, those that stand go on', async () => {
        await using dir = await lockedDir({ extAuthz: { transport }, authority: { x509SvidTtl: '6s' } });
        await using server = await runGatehouse(dir.config);
        const { extAuthz } = server.ready;
        const own = await identity(dir, 'details');
        using standing = checkClient(extAuthz, own);
        assert.equal((await standing.ask(question('GET'))).code, 0);
        const first = await shownBy(extAuthz, own);
        assert.match(first.subjectaltname ?? '', /URI:spiffe:\/\/cluster\.local\/gatehouse\/decider/);
        assert.match(first.subjectaltname ?? '', /DNS:gatehouse\.test/);
        await eventually('another serial', async () => {
          const { serialNumber } = await shownBy(extAuthz, own);
          return serialNumber === first.serialNumber ? undefined : true;
        });
        const answer = await standing.ask(question('GET'));
        assert.equal('reason' in answer && answer.reason, 'rule_allowed');
      });
    });
  }

  it('shows a certificate that openssl verifies', async () => {
    await using dir = await lockedDir();
    await using server = await runGatehouse(dir.config);
    const own = await identity(dir, 'details');
    const { writeFile } = await import('node:fs/promises');
    for (const [name, text] of Object.entries(own)) await writeFile(dir.at(`own.${name}`), text);
    const shown = openssl([
      ...['s_client', '-connect', server.ready.extAuthz, '-CAfile', dir.at('own.ca'), '-verify_return_error'],
      ...['-cert', dir.at('own.cert'), '-key', dir.at('own.key'), '-alpn', 'h2', '-brief', '-x509_strict'],
    ]);
    assert.match(shown.text, /Verification: OK/);
  });

  it('resumes no session, which would outlive the authority that vouched for it', async () => {
    await using dir = await lockedDir();
    await using server = await runGatehouse(dir.config);
    const own = await identity(dir, 'operator');
    const options = {
      port: portOf(server.ready.admin),
      host: '127.0.0.1',
      ...own,
      checkServerIdentity: () => undefined,
    };
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      let session: Buffer | undefined;
      for (const round of ['first', 'second']) {
        const socket = connect({ ...options, maxVersion, ...(session && { session }) });
        await once(socket, 'secureConnect');
        socket.write('GET /v1/status HTTP/1.1\r\nhost: a\r\n\r\n'); // tickets of TLS 1.3 come with the first bytes
        await once(socket, 'data');
        assert.equal(socket.isSessionReused(), false, `${maxVersion}, ${round}`);
        session = socket.getSession();
        socket.destroy();
      }
    }
  });

  it('opens the admin API over mTLS to admin.clients, and keeps who gave a verb', async () => {
    await using dir = await lockedDir();
    await using server = await runGatehouse(dir.config);
    const admin = `https://${server.ready.admin}`;
    const status = (await gatehouseJson(
      ...['ca', 'status', '--admin', admin, '--svid', `unix:${dir.at('run/operator.sock')}`],
    )) as { trustDomain: string };
    assert.equal(status.trustDomain, 'cluster.local');
    await gatehouseJson('ca', 'prepare', '--admin', admin, '--svid', `unix:${dir.at('run/operator.sock')}`);
    const audit = await page(server.ready.admin, '/v1/audit?limit=1', await identity(dir, 'operator'));
    const { rows } = JSON.parse(audit.text) as { rows: { verb: string; who: string }[] }; // our own API
    assert.deepEqual([rows[0]?.verb, rows[0]?.who], ['ca prepare', idOf('operator')]);

    const other = startChild(
      ...gatehouseCommand('ca', 'status', '--admin', admin, '--svid', `unix:${dir.at('run/details.sock')}`),
    );
    assert.equal(await other.ended, 2);
    assert.match(other.stderr(), /sa\/details may not use the admin API; those in admin\.clients may/);
    await assert.rejects(
      page(server.ready.admin, '/v1/status', { ca: (await identity(dir, 'details')).ca }),
      'no certificate',
    );
  });

  it('opens the admin API at several addresses, each with its own rule of who comes in', async () => {
    await using dir = await lockedDir({ listen: { ...listeners, admin: ['unix:./run/admin.sock', '127.0.0.1:0'] } });
    await using server = await runGatehouse(dir.config);
    const socket = `unix:${dir.at('run/admin.sock')}`;
    const { admin, admins } = server.ready;
    assert.deepEqual([admin, admins.length, admins[0]], [socket, 2, socket]);
    assert.match(admins[1]!, /^127\.0\.0\.1:[1-9]\d*$/);
    const byTls = await page(admins[1]!, '/v1/status', await identity(dir, 'operator'));
    const bySocket = await askAdmin(admin, 'GET', '/v1/status');
    for (const each of [JSON.parse(byTls.text), bySocket.body] as { addresses: object }[]) {
      assert.deepEqual(each.addresses, server.ready);
    }
    assert.equal((await page(admins[1]!, '/v1/status', await identity(dir, 'details'))).status, 403);
    const svid = `unix:${dir.at('run/operator.sock')}`;
    for (const words of [[], ['--admin', `https://${admins[1]}`, '--svid', svid]]) {
      await gatehouseJson('ca', 'status', '--config', dir.config, ...words);
    }
    assert.match(
      (await page(server.ready.health, '/metrics', await identity(dir, 'operator'))).text,
      /gatehouse_lane_connections\{listener="admin"\} \d/,
    );
  });

  it('lets nobody in whose identity was revoked: not to Checks, not to the admin API', async () => {
    await using dir = await lockedDir();
    await using server = await runGatehouse(dir.config);
    const [details, operator] = [await identity(dir, 'details'), await identity(dir, 'operator')];
    using client = checkClient(server.ready.extAuthz, details);
    const reason = async () => {
      const answer = await client.ask(question('GET'));
      return 'reason' in answer && answer.reason;
    };
    assert.equal(await reason(), 'rule_allowed');
    const revoke = (id: string) =>
      gatehouseJson(
        ...['svid', 'revoke', '--id', id, '--admin', `https://${server.ready.admin}`],
        ...['--svid', `unix:${dir.at('run/operator.sock')}`],
      );
    await revoke(idOf('details'));
    assert.equal(await reason(), 'caller_not_authorised', 'on the connection that stands');
    await revoke(idOf('operator'));
    const refused = await page(server.ready.admin, '/v1/status', operator);
    assert.equal(refused.status, 403);
    assert.match(refused.text, /it was revoked/);
    assert.equal((await page(server.ready.health, '/metrics', operator)).status, 403);
  });

  it('takes an SVID from files for the admin API, and refuses a server that is not Gatehouse', async () => {
    await using dir = await lockedDir();
    await using server = await runGatehouse(dir.config);
    await gatehouseJson(
      ...['svid', 'fetch', '--socket', `unix:${dir.at('run/operator.sock')}`, '--write', dir.at('operator')],
    );
    const command = (address: string) => [
      'ca',
      'status',
      '--admin',
      `https://${address}`,
      '--svid',
      dir.at('operator'),
    ];
    assert.ok(await gatehouseJson(...command(server.ready.admin)));
    const { createServer } = await import('node:tls');
    const impostor = createServer(await identity(dir, 'details')).listen(0, '127.0.0.1');
    await once(impostor, 'listening');
    const { port } = impostor.address() as { port: number };
    const fooled = startChild(...gatehouseCommand(...command(`127.0.0.1:${port}`)));
    assert.equal(await fooled.ended, 2);
    assert.match(
      fooled.stderr(),
      /is spiffe:\/\/cluster\.local\/ns\/default\/sa\/details, not spiffe:\/\/cluster\.local\/gatehouse\/authority/,
    );
    impostor.close();
  });

  it('answers probes to anybody, and metrics and reasons to holders of an SVID', async () => {
    await using dir = await lockedDir();
    await using server = await runGatehouse(dir.config);
    const { health } = server.ready;
    const own = await identity(dir, 'details');
    const anybody = { ca: own.ca };
    assert.deepEqual(await page(health, '/healthz', anybody), { status: 200, text: '{"alive":true}\n' });
    assert.deepEqual(await page(health, '/readyz', anybody), { status: 200, text: '{"ready":true}\n' });
    assert.equal((await page(health, '/metrics', anybody)).status, 403);
    assert.match((await page(health, '/metrics', own)).text, /gatehouse_store_up 1/);
    assert.match((await page(health, '/readyz', own)).text, /"waiting":\{\}/);
  });

  it('closes what is no TLS on every listener that has it, and serves on', async () => {
    await using dir = await lockedDir();
    await using server = await runGatehouse(dir.config);
    const own = await identity(dir, 'operator');
    for (const address of [server.ready.extAuthz, server.ready.health, server.ready.admin]) {
      for (const bytes of [
        'GET / HTTP/1.1\r\n\r\n',
        'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
        '\x16\x03\x01\xff\xff',
        '\x00'.repeat(600),
      ]) {
        const socket = connectPlain(portOf(address), '127.0.0.1');
        socket.on('error', () => undefined);
        socket.resume();
        socket.end(Buffer.from(bytes, 'latin1'));
        await once(socket, 'close');
      }
      assert.ok((await shownBy(address, own)).subjectaltname);
    }
    assert.equal((await page(server.ready.admin, '/v1/status', own)).status, 200);
  });

  it('shows the decider at Checks and the authority elsewhere', async () => {
    await using dir = await lockedDir();
    await using server = await runGatehouse(dir.config);
    const own = await identity(dir, 'operator');
    const { extAuthz, admin, health } = server.ready;
    const uris = await Promise.all(
      [extAuthz, admin, health].map(
        async (address) => /URI:([^,]+)/.exec((await shownBy(address, own)).subjectaltname ?? '')?.[1],
      ),
    );
    assert.deepEqual(uris, [DECIDER, AUTHORITY, AUTHORITY]);
  });
});
