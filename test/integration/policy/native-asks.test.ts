import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { type OutgoingHttpHeaders, Agent as PlainAgent, request as plainRequest } from 'node:http';
import { type ClientHttp2Session, connect } from 'node:http2';
import { Agent, request as tlsRequest } from 'node:https';
import fc from 'fast-check';
import type { Node } from '../../../src/policy/compile-envoy/tree/tree.ts';
import { treesOf, type WorkloadTrees } from '../../../src/policy/compile-envoy/workload-trees.ts';
import { type NativeCaller, type NativeRequest, runNativeEnvoy } from '../../support/native-envoy.ts';
import { istioModel } from '../../support/native-model.ts';
import { makeCertificate } from '../../support/openssl-ca.ts';
import { arbitraryRequest, randomCallers, randomIstio } from '../../support/random-istio.ts';
import { runGatehouse } from '../../support/run-gatehouse.ts';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';

/** `NATIVE_VERDICTS=500000` for the long run, of other worlds every time. */
const VERDICTS = Number(process.env['NATIVE_VERDICTS'] ?? 1_200);
const SEED = process.env['NATIVE_VERDICTS'] === undefined ? 1 : Math.trunc(Math.random() * 1e9);
const WORLDS = 6;

interface Tally {
  verdicts: number;
  decided: number;
  allowed: number;
  readonly different: string[];
}

/** Sends the same requests to an Envoy that decides itself or asks, and to one that asks about everything. */
async function judge(verdicts: number, spoil: (tree: Node) => Node = (tree) => tree): Promise<Tally> {
  await using dir = await tempDir();
  await mkdir(dir.at('policies'));
  const worlds = Array.from({ length: WORLDS }, (_, i) => `w${i}`);
  // One rule for a name that no tree can say makes all of a world ask: half of them have none.
  const sayable = (text: string, i: number): string => (i % 2 === 0 ? text : text.replaceAll('"*/sa/z"', '"*"'));
  const documents = worlds.flatMap((world, i) =>
    randomIstio(SEED + i, 4 + i * i * 5, world).map((each) => sayable(each, i)),
  );
  const text = documents.join('\n---\n');
  await writeFile(dir.at('policies/p.yaml'), text);
  await writeFile(
    dir.at('gatehouse.yaml'),
    `trustDomain: cluster.local
listen: { extAuthz: "127.0.0.1:0", health: "127.0.0.1:0" }
extAuthz: { verifyPeer: "off", peerTrustDomains: any, ambiguousRequests: asUpstream }
log: { level: error }
`,
  );
  await using gatehouse = await runGatehouse(dir.at('gatehouse.yaml'));
  const port = Number(gatehouse.ready.extAuthz.split(':').at(-1));
  const model = istioModel(text);
  const listeners = worlds.map((name) => {
    const workload = `spiffe://cluster.local/ns/${name}/sa/details`;
    const destination = { spiffeId: workload, namespace: name, serviceAccount: 'details', labels: undefined };
    const trees = treesOf(model, destination, {
      ...{ trustDomains: ['cluster.local'], verifyPeer: 'off', peerTrustDomains: 'any' },
      ...{ ambiguousRequests: 'asUpstream', allowEmpty: false },
    }) as WorkloadTrees; // nothing of it asks about everything
    return { ...trees, name, http: spoil(trees.http), asking: { port, workload } };
  });
  const callers = makeCallers(dir);
  await using envoy = await runNativeEnvoy(dir, listeners);
  using clients = createClients();
  const tally: Tally = { verdicts: 0, decided: 0, allowed: 0, different: [] };
  const asked = fc.sample(arbitraryRequest, { numRuns: verdicts, seed: SEED });
  const ports = new Map<string, readonly [number, number]>();
  for (const world of worlds) ports.set(world, [await envoy.port(`${world}.http`), await envoy.port(`${world}.plain`)]);
  const one = async (request: NativeRequest, i: number): Promise<void> => {
    const caller = i % (callers.length + 1);
    const world = worlds[(i * 7 + Math.trunc(i / WORLDS)) % WORLDS]!;
    const send = (to: number) => clients.ask(to, caller, callers[caller], request, i % 2 === 1);
    const [native, plain] = await Promise.all(ports.get(world)!.map(send));
    tally.verdicts++;
    if (native!.action.startsWith('n:')) tally.decided++;
    if (plain!.status === 200) tally.allowed++;
    if (native!.status === plain!.status && [200, 400, 403].includes(native!.status)) return;
    const who = JSON.stringify(randomCallers[caller]);
    tally.different.push(
      `${world} ${JSON.stringify(request)} by ${who}: ${native!.status} ${native!.action}, asked ${plain!.status}`,
    );
  };
  for (let i = 0; i < asked.length; i += 32)
    await Promise.all(asked.slice(i, i + 32).map((request, j) => one(request, i + j)));
  return tally;
}

function makeCallers(dir: TempDir): readonly NativeCaller[] {
  makeCertificate(dir, { name: 'roots', commonName: 'roots' });
  const leaf =
    'basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\n';
  makeCertificate(dir, { name: 'server', issuer: 'roots', extensions: `${leaf}subjectAltName=DNS:localhost\n` });
  return randomCallers.map(({ uris, dnsNames }, i) => {
    const alt = [...uris.map((uri, n) => `URI.${n}=${uri}`), ...dnsNames.map((dns, n) => `DNS.${n}=${dns}`)];
    const extensions = alt.length === 0 ? leaf : `${leaf}subjectAltName=@alt\n[alt]\n${alt.join('\n')}\n`;
    const cert = makeCertificate(dir, { name: `c${i}`, issuer: 'roots', key: 'caller', extensions });
    return { cert, key: readFileSync(dir.at('caller.key'), 'utf8') };
  });
}

interface Answer {
  readonly status: number;
  readonly action: string;
}

/** Connections that stay open, a caller's own each. */
function createClients() {
  const agents = new Map<string, Agent | PlainAgent>();
  const sessions = new Map<string, ClientHttp2Session>();
  const grouped = ({ headers }: NativeRequest): Record<string, string[]> => {
    const all: Record<string, string[]> = {};
    for (const [name, value] of headers) all[name] = [...(all[name] ?? []), value];
    return all;
  };
  const answerOf = (headers: OutgoingHttpHeaders, status: number): Answer => ({
    status,
    action: String(headers['x-action'] ?? ''),
  });
  const http1 = (port: number, key: string, caller: NativeCaller, asked: NativeRequest): Promise<Answer> => {
    const agent = agents.get(key) ?? new (caller === undefined ? PlainAgent : Agent)({ keepAlive: true });
    agents.set(key, agent);
    const { method, path, host } = asked;
    const options = { host: '127.0.0.1', port, method, path, headers: { ...grouped(asked), host }, agent };
    return new Promise((resolve, reject) => {
      const made =
        caller === undefined
          ? plainRequest(options)
          : tlsRequest({ ...options, ...caller, agent: agent as Agent, rejectUnauthorized: false }); // made for TLS above
      made.on('response', (response) => {
        response.resume().on('end', () => resolve(answerOf(response.headers, response.statusCode ?? 0)));
      });
      made.on('error', reject).end();
    });
  };
  const http2 = (port: number, key: string, caller: NativeCaller, asked: NativeRequest): Promise<Answer> => {
    let session = sessions.get(key);
    if (session === undefined || session.closed || session.destroyed) {
      session = connect(`${caller ? 'https' : 'http'}://127.0.0.1:${port}`, { ...caller, rejectUnauthorized: false });
      session.on('error', () => undefined); // its streams say so too
      sessions.set(key, session);
    }
    const pseudo = { ':method': asked.method, ':path': asked.path, ':authority': asked.host };
    const stream = session.request({ ...grouped(asked), ...pseudo });
    return new Promise((resolve, reject) => {
      stream.on('response', (got) => resolve(answerOf(got, Number(got[':status'])))).on('error', reject);
      stream.resume().end();
    });
  };
  return {
    ask: (port: number, who: number, caller: NativeCaller, asked: NativeRequest, isHttp2: boolean) =>
      (isHttp2 ? http2 : http1)(port, `${port} ${who}`, caller, asked),
    [Symbol.dispose]() {
      for (const agent of agents.values()) agent.destroy();
      for (const session of sessions.values()) session.destroy();
    },
  };
}

describe('an Envoy with a tree, and one that asks about everything', function () {
  this.timeout(120_000 + VERDICTS * 100);

  it('come to the same verdicts', async () => {
    const { different, verdicts, decided, allowed } = await judge(VERDICTS);
    assert.deepEqual(different.slice(0, 5), []);
    assert.equal(verdicts, VERDICTS);
    assert.ok(decided > verdicts / 50 && decided < verdicts, `${decided} of ${verdicts} decided by the tree`);
    assert.ok(allowed > verdicts / 20, `${allowed} of ${verdicts} allowed`);
    console.log(`      ${verdicts} verdicts, ${decided} decided by the tree, ${allowed} allowed, seed ${SEED}`);
  });

  it('do not where a widening is planted', async () => {
    const when = { op: 'test', input: 'header::method', test: { is: 'exact', value: 'POST' } } as const;
    const leadsTo = { is: 'action', name: 'n:planted', effect: 'allow' } as const;
    const { different } = await judge(120, (tree) => ({ is: 'list', items: [{ when, leadsTo }], otherwise: tree }));
    assert.notEqual(different.length, 0);
  });
});
