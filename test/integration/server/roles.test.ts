import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import type { RequestForm } from '../../../src/admin-api/request-form.ts';
import { type Route, routes } from '../../../src/admin-api/routes.ts';
import { encodeRequestForm } from '../../../src/analysis/request-form.ts';
import { runAsUser } from '../../support/as-user.ts';
import { askAdminTls } from '../../support/ask-admin-tls.ts';
import { checkClient } from '../../support/check-client.ts';
import { startChild } from '../../support/child.ts';
import { assertDeclared } from '../../support/declared-answer.ts';
import { eventually } from '../../support/eventually.ts';
import { gatehouseDir } from '../../support/gatehouse-dir.ts';
import { gatehouseCommand, runGatehouse } from '../../support/run-gatehouse.ts';
import { type ClientIdentity, svidOf } from '../../support/svid-of.ts';

const idOf = (namespace: string, name: string) => `spiffe://cluster.local/ns/${namespace}/sa/${name}`;
const SHOP = idOf('team-a', 'shop');
const BANK = idOf('team-b', 'bank');
const SHOP_AT = '10.1.0.4';
const BANK_AT = '10.2.0.9';

/** What nobody may learn who reads team-a alone. */
const SECRETS = [
  'vault',
  'opensesame',
  'gold-label',
  BANK_AT,
  '10.2.',
  'team-b.yaml',
  'mesh-word',
  'mesh.yaml',
  'req-77',
];

const policies = {
  'team-a': `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: shop-viewer, namespace: team-a }
spec:
  rules:
  - from: [{ source: { principals: [cluster.local/ns/team-b/sa/bank], ipBlocks: [10.0.0.0/8] } }]
    to: [{ operation: { methods: [GET] } }]
    when: [{ key: 'request.headers[x-word]', values: [opensesam*] }]
  - from: [{ source: { principals: [cluster.local/ns/team-a/sa/shop] } }]
`,
  'team-b': `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: vault-keeper, namespace: team-b }
spec:
  rules: [{ when: [{ key: 'request.headers[x-vault]', values: [opensesame] }] }]
---
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: { name: default.vault-egress, namespace: team-b }
spec:
  tier: default
  types: [Egress]
  egress: [{ action: Deny, destination: { ports: [666] }, protocol: TCP }, { action: Allow }]
`,
  mesh: `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: house-rule, namespace: istio-system }
spec:
  action: DENY
  rules: [{ to: [{ operation: { paths: [/mesh-word*] } }] }, { to: [{ operation: { paths: [/closed] } }] }]
`,
};

const registry = `apiVersion: v1
kind: Pod
metadata: { name: shop-1, namespace: team-a, labels: { app: shop } }
spec: { serviceAccountName: shop, containers: [{ name: c, image: i }] }
status: { podIP: ${SHOP_AT}, podIPs: [{ ip: ${SHOP_AT} }], phase: Running }
---
apiVersion: v1
kind: Pod
metadata: { name: bank-1, namespace: team-b, labels: { tier: gold-label } }
spec: { serviceAccountName: bank, containers: [{ name: c, image: i }] }
status: { podIP: ${BANK_AT}, podIPs: [{ ip: ${BANK_AT} }], phase: Running }
`;

const people = ['operator', 'reader', 'reader-a', 'stranger'] as const;
type Person = (typeof people)[number];

async function house() {
  const dir = await gatehouseDir({
    listen: { extAuthz: '127.0.0.1:0', health: '127.0.0.1:0', admin: '127.0.0.1:0' },
    admin: {
      clients: [
        idOf('ops', 'operator'),
        { id: idOf('ops', 'reader'), role: 'read' },
        { id: idOf('ops', 'reader-a'), role: 'read', namespaces: ['team-a'] },
      ],
    },
    policies: { paths: ['./policies'], planes: { calico: 'off', l4: 'enforce' } },
    registry: { paths: ['./registry'] },
    workloads: people.map((serviceAccount) => ({
      namespace: 'ops',
      serviceAccount,
      socket: { path: `./run/${serviceAccount}.sock` },
    })),
  });
  await mkdir(dir.at('registry'));
  await writeFile(dir.at('registry/pods.yaml'), registry);
  for (const [name, text] of Object.entries(policies)) await dir.policy(name, text);
  const server = await runGatehouse(dir.config);
  const identities = new Map<Person, ClientIdentity>();
  for (const each of people) identities.set(each, await svidOf(dir.at(`run/${each}.sock`)));
  const ask = (who: Person, route: string, body?: unknown) => {
    const [method = '', path = ''] = route.split(' ');
    return askAdminTls(server.ready.admin, identities.get(who)!, method, path, body);
  };
  return {
    dir,
    server,
    ask,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await dir[Symbol.asyncDispose]();
    },
  };
}

interface Asked {
  readonly from: string;
  readonly fromAt: string;
  readonly to: string;
  readonly toAt: string;
  readonly path: string;
  readonly port?: number;
}

/** Asks the decider; answers with the id of the decision. */
async function decide(extAuthz: string, { from, fromAt, to, toAt, path, port = 8080 }: Asked): Promise<string> {
  using client = checkClient(extAuthz);
  const at = (address: string, portValue: number) => ({
    address: {
      address: {
        case: 'socketAddress' as const,
        value: { address, portSpecifier: { case: 'portValue' as const, value: portValue } },
      },
    },
  });
  const headers = { 'x-word': 'opensesame', 'x-vault': 'opensesame', 'x-request-id': 'req-77' };
  const answer = await client.ask({
    attributes: {
      source: { principal: from, ...at(fromAt, 33_333) },
      destination: { principal: to, ...at(toAt, port) },
      request: { http: { id: '9', method: 'GET', path, host: 'shop', headers } },
    },
  });
  assert.ok('response' in answer, JSON.stringify(answer));
  const ours = answer.response.dynamicMetadata?.['gatehouse'] as { id: string }; // the contract's own shape
  return ours.id;
}

const bytes = (form: RequestForm) => ({ checkRequest: encodeRequestForm(form).toString('base64') });

const assertSilent = (text: string, what: string): void => {
  for (const secret of SECRETS) assert.ok(!text.includes(secret), `${what} tells ${secret}: ${text}`);
};

describe('roles on the admin API', function () {
  this.timeout(300_000);

  it('lets each of four callers ask what his role may, route by route, over mTLS', async () => {
    await using it = await house();
    const wrong: string[] = [];
    for (const route of Object.keys(routes) as Route[]) {
      const { needs } = routes[route];
      const may: Record<Person, boolean> = {
        operator: true,
        reader: needs !== 'operate',
        'reader-a': needs === 'read-scoped',
        stranger: false,
      };
      for (const person of people) {
        const { status, text } = await it.ask(
          person,
          route.replace(/\{\w+\}/, 'x'),
          route.startsWith('POST') ? { bogus: 1 } : undefined,
        );
        if ((status !== 403) !== may[person]) wrong.push(`${person} ${route}: ${status} ${text}`);
        if (status === 403 && person !== 'stranger')
          assert.match(text, needs === 'operate' ? /needs role operate/ : /needs role read without namespaces/, route);
      }
    }
    assert.deepEqual(wrong, []);
    const { text } = await it.ask('operator', 'GET /v1/audit?limit=1000');
    const { rows } = JSON.parse(text) as { rows: { who: string; verb: string; role: string; result: string }[] }; // our own API
    const refused = rows.filter(({ result }) => result === 'caller_not_authorised');
    const orders = Object.values(routes).filter(({ needs }) => needs === 'operate').length;
    assert.equal(refused.length, 2 * orders, 'each refused order once');
    assert.deepEqual(new Set(refused.map(({ role }) => role)), new Set(['read']));
    assert.ok(
      rows.some(({ who, role, verb }) => who === idOf('ops', 'operator') && role === 'operate' && verb === 'backup'),
    );
    await it.ask('reader', 'POST /v1/revocations', {});
    const again = JSON.parse((await it.ask('operator', 'GET /v1/audit?limit=1000')).text) as { rows: unknown[] };
    assert.equal(again.rows.length, rows.length, 'who asks again and again does not fill the audit');
  });

  it('shows a reader of team-a decisions, policies and derivations of team-a, and of others a SPIFFE ID at most', async () => {
    await using it = await house();
    const { extAuthz } = it.server.ready;
    const toShop = { to: SHOP, toAt: SHOP_AT };
    const fromBank = { from: BANK, fromAt: BANK_AT };
    const own = {
      allowed: await decide(extAuthz, { ...fromBank, ...toShop, path: '/x' }),
      mesh: await decide(extAuthz, { ...fromBank, ...toShop, path: '/closed' }),
      egress: await decide(extAuthz, { ...fromBank, ...toShop, path: '/x', port: 666 }),
      elsewhere: await decide(extAuthz, { from: 'CN=gold-label', fromAt: BANK_AT, ...toShop, path: '/x' }),
      place: await decide(extAuthz, { from: idOf('team-b', 'other'), fromAt: BANK_AT, ...toShop, path: '/x' }),
    };
    const within = await decide(extAuthz, { from: SHOP, fromAt: SHOP_AT, ...toShop, path: '/x' });
    const others = [
      await decide(extAuthz, { from: SHOP, fromAt: SHOP_AT, to: BANK, toAt: BANK_AT, path: '/vault' }),
      await decide(extAuthz, {
        from: SHOP,
        fromAt: SHOP_AT,
        to: 'spiffe://other.example/ns/team-a/sa/shop',
        toAt: BANK_AT,
        path: '/vault',
      }),
      await decide(extAuthz, { from: SHOP, fromAt: SHOP_AT, to: '', toAt: '10.9.9.9', path: '/vault' }),
    ];
    const listed = await eventually('the decisions are there', async () => {
      const { text, status } = await it.ask('reader-a', 'GET /v1/decisions');
      assert.equal(status, 200, text);
      assertDeclared('GET', '/v1/decisions', status, JSON.parse(text));
      return text.includes(within) ? text : undefined;
    });
    assertSilent(listed, 'the list');
    const { decisions } = JSON.parse(listed) as { decisions: Record<string, unknown>[] }; // our own API
    assert.deepEqual(new Set(decisions.map(({ id }) => id)), new Set([...Object.values(own), within]));
    const one = (id: string) => decisions.find((each) => each['id'] === id)!;
    assert.deepEqual(one(own.allowed)['source'], { principal: BANK });
    assert.deepEqual(one(within)['source'], { principal: SHOP, address: SHOP_AT, port: 33_333 });
    assert.equal(one(own.mesh)['policy'], 'istio-system/house-rule');
    assert.equal(one(own.mesh)['rule'], undefined);
    assert.deepEqual([one(own.egress)['decision'], one(own.egress)['policy']], ['deny', undefined]);

    const chosen = async (query: string): Promise<number> => {
      const { text } = await it.ask('reader-a', `GET /v1/decisions?${query}`);
      assertSilent(text, query);
      return (JSON.parse(text) as { decisions: unknown[] }).decisions.length; // our own API
    };
    assert.equal(await chosen(`from=${BANK_AT}`), 0, 'what is not shown cannot be asked for');
    assert.equal(await chosen(`from=${SHOP_AT}`), 1);
    assert.equal(await chosen('from=team-b'), 4);
    assert.equal(await chosen('to=team-b'), 0);

    for (const [name, id] of Object.entries(own)) {
      const { status, text } = await it.ask('reader-a', `GET /v1/decisions/${id}`);
      assert.equal(status, 200, text);
      assertDeclared('GET', `/v1/decisions/${id}`, status, JSON.parse(text));
      assertSilent(text.replaceAll('opensesam*', ''), `the derivation of ${name}`);
    }
    const full = await it.ask('reader', `GET /v1/decisions/${own.egress}`);
    assert.match(full.text, /vault-egress/, 'who reads everything is told');
    const missing = await it.ask('reader-a', 'GET /v1/decisions/nothing-of-that-name');
    for (const id of others) {
      const { status, text } = await it.ask('reader-a', `GET /v1/decisions/${id}`);
      assert.deepEqual(
        [status, text],
        [404, missing.text.replaceAll('nothing-of-that-name', id)],
        'as if there were none',
      );
    }

    const edges = await it.ask('reader-a', 'GET /v1/edges');
    assertDeclared('GET', '/v1/edges', edges.status, JSON.parse(edges.text));
    assertSilent(edges.text, 'edges');
    const rows = (JSON.parse(edges.text) as { edges: { destination: string; caller: string }[] }).edges; // our own API
    assert.deepEqual(new Set(rows.map(({ destination }) => destination)), new Set([SHOP]));
    assert.ok(rows.some(({ caller }) => caller === BANK));

    const inForce = await it.ask('reader-a', 'GET /v1/policies');
    assertDeclared('GET', '/v1/policies', inForce.status, JSON.parse(inForce.text));
    assertSilent(inForce.text, 'policies');
    assert.match(inForce.text, /shop-viewer/);
    assert.doesNotMatch(inForce.text, /house-rule|details-viewer/);
  });

  it('answers a reader of team-a no question about others, and says the same whether they exist', async () => {
    await using it = await house();
    const http = { method: 'GET', path: '/x', headers: {} };
    const source = { principal: BANK };
    const refused: readonly [name: string, body: unknown][] = [
      ['a destination elsewhere', { source, destination: { principal: BANK }, http }],
      ['one that does not exist', { source, destination: { principal: idOf('team-c', 'x') }, http }],
      [
        'one of another trust domain',
        { source, destination: { principal: 'spiffe://other.example/ns/team-a/sa/shop' }, http },
      ],
      ['none', { source, http }],
      ['one by its address', { source, destination: { address: BANK_AT }, http }],
      [
        'one by context',
        { source, destination: { principal: SHOP }, http, contextExtensions: { 'gatehouse.workload': BANK } },
      ],
      ['his own at the address of others', { source, destination: { principal: SHOP, address: BANK_AT }, http }],
      ['his own at an address of nobody', { source, destination: { principal: SHOP, address: '10.9.9.9' }, http }],
      ['a caller at an address', { source: { address: BANK_AT }, destination: { principal: SHOP }, http }],
      [
        'his own name at an address',
        { source: { principal: SHOP, address: BANK_AT }, destination: { principal: SHOP }, http },
      ],
      ['a pair to others', { pair: { from: 'team-a/shop', to: 'team-b/bank', http } }],
      ['a pair to others by ID', { pair: { from: 'team-a/shop', to: BANK, http } }],
      ['a pair to an address', { pair: { from: 'team-a/shop', to: BANK_AT, http } }],
      ['a pair from a pod elsewhere', { pair: { from: 'team-b/bank-1', to: 'team-a/shop', http } }],
      ['a pair from an address', { pair: { from: BANK_AT, to: 'team-a/shop', http } }],
      ['bytes that are no request', { checkRequest: 'AA==' }],
      ['bytes about others', bytes({ source, destination: { principal: BANK }, http })],
      ['bytes at the address of others', bytes({ source, destination: { principal: SHOP, address: BANK_AT }, http })],
      [
        'bytes from a mapped address',
        bytes({ source: { ...source, address: `::ffff:${BANK_AT}` }, destination: { principal: SHOP }, http }),
      ],
    ];
    for (const [name, body] of refused) {
      const { status, text } = await it.ask('reader-a', 'POST /v1/explain', body);
      assert.equal(status, 403, `${name}: ${text}`);
      assertSilent(text.replaceAll(BANK_AT, ''), name);
    }
    const answered: readonly [name: string, body: unknown][] = [
      ['a caller elsewhere by ID', { source, destination: { principal: SHOP }, http }],
      ['in the mesh', { source, destination: { principal: SHOP }, http: { ...http, path: '/closed' } }],
      [
        'his own with address',
        { source: { principal: SHOP, address: SHOP_AT }, destination: { principal: SHOP, address: SHOP_AT }, http },
      ],
      ['bytes about his own', bytes({ source, destination: { principal: SHOP }, http })],
      ['a pair of his own', { pair: { from: 'team-a/shop', to: 'team-a/shop-1', http } }],
      ['a pair from elsewhere by ID', { pair: { from: BANK, to: 'team-a/shop', http } }],
    ];
    for (const [name, body] of answered) {
      const { status, text } = await it.ask('reader-a', 'POST /v1/explain', body);
      assert.equal(status, 200, `${name}: ${text}`);
      assertDeclared('POST', '/v1/explain', status, JSON.parse(text));
      assertSilent(text, name);
    }
  });

  it('reads by unix socket for members of admin.group, by their own or a further group, and operates for root alone', async () => {
    const OPS = 47_110;
    await using dir = await gatehouseDir({ admin: { group: OPS } });
    await using server = await runGatehouse(dir.config);
    const script = `
      const [socketPath, method, path] = process.argv.slice(1);
      require('node:http').request({ socketPath, method, path }, (r) => { r.resume(); console.log(r.statusCode); })
        .on('error', (e) => console.log(e.code)).end();`;
    const ask = (uid: number, gid: number, groups: readonly number[], route: string): string => {
      const [method = '', path = ''] = route.split(' ');
      const args = [process.execPath, '-e', script, server.ready.admin.replace(/^unix:/, ''), method, path];
      return runAsUser(uid, gid, args, groups).text.trim();
    };
    const cases: readonly (readonly [uid: number, gid: number, groups: number[], read: string, order: string])[] = [
      [0, 0, [], '200', '200'],
      [47_001, OPS, [], '200', '403'],
      [47_001, 47_001, [OPS, 47_002], '200', '403'],
      [47_001, 47_001, [47_002], 'EACCES', 'EACCES'],
    ];
    for (const [uid, gid, groups, read, order] of cases) {
      assert.equal(ask(uid, gid, groups, 'GET /v1/status'), read, `${uid} ${gid} ${groups.join()}`);
      assert.equal(ask(uid, gid, groups, 'POST /v1/join-tokens'), order, `${uid} ${gid} ${groups.join()}`);
    }
    await dir.configure({});
    process.kill(server.pid, 'SIGHUP');
    await eventually('nobody reads any more', () =>
      ask(47_001, OPS, [], 'GET /v1/status') === '403' ? true : undefined,
    );
  });

  it('tells a reader on the command line which role he lacks, and derives what is his', async () => {
    await using it = await house();
    const flags = ['--admin', `https://${it.server.ready.admin}`, '--svid', `unix:${it.dir.at('run/reader-a.sock')}`];
    const run = async (...args: readonly string[]) => {
      await using child = startChild(...gatehouseCommand(...args, ...flags));
      return { code: await child.ended, out: child.stdout(), err: child.stderr() };
    };
    const lacking = await run('ca', 'prepare');
    assert.equal(lacking.code, 2);
    assert.match(
      lacking.err,
      /reader-a may not ask POST \/v1\/authorities\/prepare: it needs role operate, and yours is role read in team-a/,
    );
    const asked = { from: BANK, fromAt: BANK_AT, to: SHOP, toAt: SHOP_AT, path: '/closed' };
    const why = await run('why', await decide(it.server.ready.extAuthz, asked));
    assert.equal(why.code, 1, why.err);
    assert.match(why.out, /^DENY {2}rule_denied by istio-system\/house-rule\n/);
    assert.match(why.out, new RegExp(`source +${BANK}\n`));
    assertSilent(why.out.replaceAll('opensesam*', ''), 'why');
    const listed = await run('decisions', '--from', 'team-b');
    assert.match(listed.out, /rule_denied/, listed.err);
    assertSilent(listed.out, 'decisions');
    const explained = await run('policy', 'explain', BANK, 'team-a/shop');
    assert.match(explained.out, /shop-viewer/, explained.err);
    assertSilent(explained.out.replaceAll('opensesam*', ''), 'explain');
    const elsewhere = await run('policy', 'explain', SHOP, 'team-b/bank');
    assert.deepEqual([elsewhere.code, elsewhere.out], [2, '']);
    assert.match(elsewhere.err, /"team-b\/bank" is not known to lie in team-a/);
  });
});
