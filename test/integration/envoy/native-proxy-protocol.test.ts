import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { parse, stringify } from 'yaml';
import type { EnvoysAnswer } from '../../../src/admin-api/envoys.ts';
import { startChild } from '../../support/child.ts';
import { type EchoApp, startHttpEcho } from '../../support/echo-app.ts';
import { eventually } from '../../support/eventually.ts';
import { type GuardedServer, startGuardedServer } from '../../support/guarded-server.ts';
import { gatehouseCommand, gatehouseJson } from '../../support/run-gatehouse.ts';
import { plainOnly } from '../../support/without-tls.ts';

/** What the tree decides, and the same where it cannot: nobody has told it of SNI. */
const twice = (path: string, rule: object): readonly object[] => [
  { ...rule, to: [{ operation: { paths: [`/tree${path}`] } }] },
  {
    ...rule,
    to: [{ operation: { paths: [`/asked${path}`] } }],
    when: [...((rule as { when?: object[] }).when ?? []), { key: 'connection.sni', notValues: ['x.example'] }],
  },
];
const from = (...ipBlocks: readonly string[]) => ({ from: [{ source: { ipBlocks } }] });

const policies = {
  'policies.yaml': stringify({
    apiVersion: 'security.istio.io/v1',
    kind: 'AuthorizationPolicy',
    metadata: { name: 'all', namespace: 'default' },
    spec: {
      action: 'ALLOW',
      rules: [
        ...twice('/peer', from('127.0.0.0/8')),
        ...twice('/told', from('10.9.9.0/24')),
        ...twice('/to', { when: [{ key: 'destination.ip', values: ['10.8.8.8'] }] }),
        ...twice('/remote', { from: [{ source: { remoteIpBlocks: ['10.9.9.0/24'] } }] }),
      ],
    },
  }),
};

const edit = (bootstrap: string): string => {
  // what `envoy bootstrap` printed
  const made = parse(plainOnly(bootstrap)) as { static_resources: { listeners: object[] } };
  Object.assign(made.static_resources.listeners[0]!, {
    listener_filters: [
      {
        name: 'proxy',
        typed_config: {
          '@type': 'type.googleapis.com/envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol',
        },
      },
    ],
  });
  return stringify(made);
};

/** From 10.9.9.9 to 10.8.8.8. */
const heads = {
  v1: Buffer.from('PROXY TCP4 10.9.9.9 10.8.8.8 4242 8443\r\n'),
  v2: Buffer.from('0d0a0d0a000d0a515549540a2111000c0a0909090a08080810922 0fb'.replaceAll(' ', ''), 'hex'),
};

/** What is read of them. */
interface Decisions {
  readonly decisions: readonly {
    readonly reported?: boolean;
    readonly source: { readonly address: string };
    readonly request: { readonly path: string };
  }[];
}

describe('an Envoy that decides itself behind a balancer that sends PROXY headers', function () {
  this.timeout(300_000);
  let app: EchoApp;
  let server: GuardedServer;

  before(async () => {
    app = await startHttpEcho();
    server = await startGuardedServer({ upstreamPort: app.port, policies, flags: ['--native'], edit });
    await eventually('it holds all that it was sent', async () => {
      const { envoys } = await gatehouse<EnvoysAnswer>('envoy', 'status');
      return envoys[0]?.configs.filter(({ state }) => state === 'holds').length === 3 || undefined;
    });
  });

  after(async () => {
    await server?.[Symbol.asyncDispose]();
    await app?.[Symbol.asyncDispose]();
  });

  const gatehouse = <T>(...args: readonly string[]): Promise<T> =>
    gatehouseJson(...args, '--admin', server.gatehouse().ready.admin, '--output', 'json') as Promise<T>; // the schema's

  /** The status, and whether it was asked about. */
  async function ask(head: Buffer, path: string, headers = ''): Promise<string> {
    const id = randomUUID();
    const socket = connect(server.port, '127.0.0.1');
    let text = '';
    socket.on('data', (some: Buffer) => {
      text += some.toString('latin1');
    });
    const asked = `GET ${path} HTTP/1.1\r\nhost: a\r\nx-request-id: ${id}\r\n${headers}connection: close\r\n\r\n`;
    socket.write(Buffer.concat([head, Buffer.from(asked)]));
    await once(socket, 'close');
    const line = await server.logged((each) => each['request_id'] === id);
    return `${text.slice(9, 12)} ${String(line['native_policy']).startsWith('ask:') ? 'asked' : 'decided'}`;
  }

  const both = async (head: Buffer, path: string, headers?: string) => [
    await ask(head, `/tree${path}`, headers),
    await ask(head, `/asked${path}`, headers),
  ];

  for (const [name, head] of Object.entries(heads))
    it(`goes by who connects, and asks by whom the header names: two addresses (${name})`, async () => {
      assert.deepEqual(await both(head, '/peer'), ['200 decided', '403 asked']);
      assert.equal(await ask(head, '/tree/told'), '403 decided');
      const { decisions } = await gatehouse<Decisions>('decisions', '--limit', '10');
      const asked = decisions.find(({ request, reported }) => request.path === '/asked/peer' && reported !== true);
      assert.equal(asked?.source.address, '10.9.9.9');
    });

  it('takes the place that it was sent to from the header, as whoever is asked does', async () => {
    assert.deepEqual(await both(heads.v1, '/to'), ['200 decided', '200 asked']);
  });

  it('takes the client from X-Forwarded-For alike where that is there', async () => {
    assert.deepEqual(await both(heads.v2, '/remote', 'x-forwarded-for: 10.9.9.9\r\n'), ['200 decided', '200 asked']);
    assert.deepEqual(await both(heads.v2, '/remote', 'x-forwarded-for: 10.7.7.7\r\n'), ['403 decided', '403 asked']);
  });

  it('is named by doctor', async () => {
    const args = ['doctor', '--envoy', `http://${server.envoy.admin}`, '--output', 'json'];
    await using child = startChild(...gatehouseCommand(...args));
    assert.equal(await child.ended, 1);
    assert.match(child.stdout(), /"code": ?"native_proxy_protocol"/);
  });
});
