import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { startChild } from '../support/child.ts';
import { eventually } from '../support/eventually.ts';
import { type GatehouseDir, gatehouseDir, usualListeners } from '../support/gatehouse-dir.ts';
import { useApiServer } from '../support/kubernetes/api-server.ts';
import { type AgentLine, type AgentWords, startIstioAgent } from '../support/kubernetes/istio-agent.ts';
import { makePod, podToken, removePod } from '../support/kubernetes/pod-token.ts';
import { openssl } from '../support/openssl.ts';
import { gatehouseCommand, type RunningGatehouse, runGatehouse } from '../support/run-gatehouse.ts';
import { svidOf } from '../support/svid-of.ts';

const LIFE_SECONDS = 16;

const certificatesIn = (pem: string): string[] =>
  pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];

describe("Istio's own agent", function () {
  this.timeout(600_000);
  const server = useApiServer();
  const opened = new AsyncDisposableStack();
  let dir: GatehouseDir;
  let gatehouse: RunningGatehouse;
  before(async () => {
    dir = opened.use(
      await gatehouseDir({
        listen: { ...usualListeners, istioCa: '127.0.0.1:0' },
        tls: { dnsNames: ['istiod.test'] },
        authority: { x509SvidTtl: `${LIFE_SECONDS}s`, backdate: '1s' },
        kubernetes: { kubeconfig: server().admin.kubeconfig, policies: false, registry: false },
        attestation: { kubernetes: { audience: 'istio-ca', implicit: { namespaces: ['default'] } } },
        workloads: [{ namespace: 'default', serviceAccount: 'door', socket: { path: './run/door.sock' } }],
      }),
    );
    gatehouse = opened.use(await runGatehouse(dir.config));
  });
  after(() => opened.disposeAsync());

  /** The files of a pod, and what its agent is told. */
  async function agentOf(name: string) {
    const pod = await makePod(server(), name);
    const at = (file: string) => dir.at(`${name}/${file}`);
    await mkdir(at(''));
    const { ca } = await svidOf(dir.at('run/door.sock'));
    await writeFile(at('root.pem'), ca);
    await writeFile(at('token'), await podToken(server(), pod, { audiences: ['istio-ca'] }));
    const words: AgentWords = {
      ...{ Address: gatehouse.ready.istioCa ?? '', ServerName: 'istiod.test', ClusterID: 'Kubernetes' },
      ...{ RootFile: at('root.pem'), TokenFile: at('token'), OutputDir: at('') },
      ...{ TrustDomain: 'cluster.local', Namespace: 'default', ServiceAccount: name },
      ...{ TTLSeconds: LIFE_SECONDS, GraceRatio: 0.5, KeyAlgorithm: 'ECDSA' },
    };
    return { pod, words, at };
  }

  const verifies = (name: string, { chain = '', root = '' }: AgentLine): string => {
    const [leaf = '', ...rest] = certificatesIn(chain);
    writeFileSync(dir.at(`${name}/judged.pem`), leaf);
    writeFileSync(dir.at(`${name}/judged-rest.pem`), rest.join('\n'));
    writeFileSync(dir.at(`${name}/judged-root.pem`), root);
    const at = (file: string) => dir.at(`${name}/${file}`);
    const { ok, text } = openssl([
      ...['verify', '-x509_strict', '-CAfile', at('judged-root.pem')],
      ...['-untrusted', at('judged-rest.pem'), at('judged.pem')],
    ]);
    return ok ? (new X509Certificate(leaf).subjectAltName ?? '') : text;
  };

  it('gets certificates by its token, and goes through a whole rotation without a single failure', async () => {
    const { words } = await agentOf('details');
    const judged: string[] = [];
    await using agent = startIstioAgent(words, (line) => {
      if (line.root !== undefined && line.resource === 'default') {
        judged.push(verifies('details', line));
        writeFileSync(words.RootFile, line.root); // as the cluster's ConfigMap brings it
      }
    });
    const first = await eventually('the first certificate', () => agent.lines.find(({ chain }) => chain));
    const [oldRoot] = certificatesIn(first.root ?? '');
    const rotate = ['ca', 'rotate', '--config', dir.config, '--kind', 'x509', '--reason', 'test'];
    await using rotation = startChild(...gatehouseCommand(...rotate));
    assert.equal(await rotation.ended, 0, rotation.stderr());
    const last = await eventually('the new root alone', () =>
      agent.lines.find(({ root }) => root !== undefined && oldRoot !== undefined && !root.includes(oldRoot)),
    );
    assert.equal(certificatesIn(last.root ?? '').length, 1);
    assert.deepEqual(
      agent.lines.filter(({ error }) => error !== undefined),
      [],
    );
    assert.ok(judged.length >= 3, `${judged.length} certificates`);
    assert.deepEqual([...new Set(judged)], ['URI:spiffe://cluster.local/ns/default/sa/details']);
  });

  it('renews by its certificate when its token is gone, until its pod is', async () => {
    const { pod, words, at } = await agentOf('orders');
    await using agent = startIstioAgent({
      ...{ ...words, CertFile: at('cert-chain.pem'), KeyFile: at('key.pem'), KeyAlgorithm: '' },
    });
    const got = () => agent.lines.filter(({ chain }) => chain !== undefined).length;
    await eventually('the first certificate', () => (got() >= 1 ? true : undefined));
    await rm(words.TokenFile);
    const before = got();
    await eventually('two more', () => (got() >= before + 2 ? true : undefined));
    assert.match(gatehouse.log(), /gatehouse:svid","k8s:ns:default","k8s:sa:orders"/);
    await removePod(server(), pod);
    const refusal = await eventually('a refusal', () => agent.lines.find(({ error }) => error !== undefined));
    assert.match(refusal.error ?? '', /Unauthenticated desc = request authenticate failure/);
  });
});
