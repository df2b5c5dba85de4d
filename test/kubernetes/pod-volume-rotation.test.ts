import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Authority } from '../../src/identity/authority/authority.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { openTestAuthority, orderOf } from '../support/authority.ts';
import { eventually } from '../support/eventually.ts';
import { useApiServer } from '../support/kubernetes/api-server.ts';
import { MountedVolume } from '../support/kubernetes/mounted-volume.ts';
import { calleeBootstrap, callerBootstrap, secretFiles } from '../support/kubernetes/mounting-envoys.ts';
import { makeNode, makePod } from '../support/kubernetes/pod-volumes.ts';
import { allowSigner, openReplica } from '../support/kubernetes/signer-replica.ts';
import type { User } from '../support/kubernetes/users.ts';
import { type RunningEnvoy, runEnvoy } from '../support/run-envoy.ts';
import { type TempDir, tempDir } from '../support/temp-dir.ts';

/** Requests one after the other, a handshake each, until it is stopped. */
function callWithoutEnd(port: number) {
  const failures: string[] = [];
  let answered = 0;
  let isOver = false;
  const running = (async () => {
    while (!isOver) {
      const status = await fetch(`http://127.0.0.1:${port}/`).then(
        async (answer) => {
          const text = await answer.text();
          return answer.status === 200 ? 200 : `${answer.status} ${text}`;
        },
        (thrown: unknown) => String(thrown),
      );
      if (status === 200) answered += 1;
      else failures.push(String(status));
      await sleep(5);
    }
  })();
  return {
    failures,
    more: (count: number) => {
      const until = answered + count;
      return eventually(`${count} requests more`, () => answered >= until || undefined);
    },
    async stop(): Promise<number> {
      isOver = true;
      await running;
      return answered;
    },
  };
}

describe('pods with certificates and roots from volumes', () => {
  const server = useApiServer();
  let directory: TempDir;
  before(async () => {
    directory = await tempDir('gh-vol-');
  });
  after(() => directory[Symbol.asyncDispose]());

  async function volumeOf(name: string, kubelet: User): Promise<MountedVolume> {
    const pod = await makePod(server(), { namespace: 'shop', name, account: name, node: 'node-1' });
    const path = directory.at(name);
    await mkdir(path);
    const volume = new MountedVolume(path, server(), kubelet, pod);
    await volume.refreshCertificate();
    await volume.refreshRoots();
    const into = directory.at(`${name}-config`);
    await mkdir(into);
    for (const [secret, text] of Object.entries(secretFiles(path)))
      await writeFile(`${into}/${secret}.yaml`, JSON.stringify(text));
    return volume;
  }

  const publishedRoots = async (): Promise<number> => {
    const path = '/apis/certificates.k8s.io/v1/clustertrustbundles/gatehouse.io:workload:v1';
    const { body } = await server().admin.api.ask('GET', path);
    return ((body.spec as { trustBundle?: string } | undefined)?.trustBundle ?? '').split('BEGIN').length - 1;
  };

  /** The roots or certificates that an Envoy uses, by its own word. */
  const loaded = async (envoy: RunningEnvoy, of: 'ca_cert' | 'cert_chain'): Promise<string[]> => {
    interface Certificates {
      readonly certificates: readonly Readonly<
        Record<'ca_cert' | 'cert_chain', readonly { readonly serial_number: string }[]>
      >[];
    }
    const { certificates } = JSON.parse(await envoy.adminPage('/certs')) as Certificates;
    return [...new Set(certificates.flatMap((each) => each[of].map(({ serial_number }) => serial_number)))];
  };

  it('go through a rotation without a handshake that fails', async function (this: Mocha.Context) {
    this.timeout(300_000);
    const signer = await allowSigner(server());
    const { kubelet } = await makeNode(server(), 'node-1');
    await server().namespace('shop');
    const clock = { now: systemClock.now, advance: () => undefined };
    const { authority }: { readonly authority: Authority } = await openTestAuthority({}, { clock });
    await using _replica = await openReplica(authority, signer);
    await eventually('the roots are published', async () => (await publishedRoots()) === 1 || undefined);

    const volumes = [await volumeOf('callee', kubelet), await volumeOf('caller', kubelet)] as const;
    const at = directory.path;
    await using callee = await runEnvoy({
      bootstrap: calleeBootstrap(`${at}/callee-config`),
      directory: at,
      name: 'callee',
    });
    const bootstrap = callerBootstrap(`${at}/caller-config`, await callee.port('in'));
    await using caller = await runEnvoy({ bootstrap, directory: at, name: 'caller' });
    const envoys = [callee, caller];
    const calls = callWithoutEnd(await caller.port('in'));
    await calls.more(20);

    const mountRoots = async (count: number): Promise<void> => {
      await eventually(`${count} roots are published`, async () => (await publishedRoots()) === count || undefined);
      for (const volume of volumes) await volume.refreshRoots();
      for (const envoy of envoys)
        await eventually('Envoy has them', async () => (await loaded(envoy, 'ca_cert')).length === count || undefined);
      await calls.more(20);
    };
    await authority.prepare(orderOf());
    await mountRoots(2);
    const early = await authority.activate(orderOf());
    assert.ok(!early.done && early.etaSeconds! > 500, 'by itself it waits for slower kubelets than these');
    // These have mounted it, as was seen.
    const seen = { override: true, reason: 'both volumes have the root' };
    assert.equal((await authority.activate(orderOf('x509', seen))).done, true);
    for (const [i, volume] of volumes.entries()) {
      const { serialNumber } = new X509Certificate(await volume.refreshCertificate());
      const serial = serialNumber.toLowerCase();
      await eventually(
        'Envoy has the new certificate',
        async () =>
          (await loaded(envoys[i]!, 'cert_chain')).some((each) => BigInt(`0x${each}`) === BigInt(`0x${serial}`)) ||
          undefined,
      );
      await calls.more(20);
    }
    assert.equal((await authority.taint(orderOf('x509', seen))).done, true);
    const waits = await authority.revoke(orderOf());
    assert.ok(!waits.done && waits.blockers.every(({ protocol }) => protocol === 'pod-certificate'));
    assert.equal(waits.blockers.length, 2, 'what was mounted before lives on');
    assert.equal(
      (await authority.revoke(orderOf('x509', { ...seen, reason: 'nobody uses them any more' }))).done,
      true,
    );
    await mountRoots(1);

    assert.ok((await calls.stop()) >= 100);
    assert.deepEqual(calls.failures, []);
    assert.match(
      await callee.adminPage('/stats?filter=ssl.handshake'),
      /ssl\.handshake: \d{3,}/,
      'a handshake a request',
    );

    await authority.prepare(orderOf());
    await eventually('the third root is published', async () => (await publishedRoots()) === 2 || undefined);
    await authority.activate(orderOf('x509', { override: true, reason: 'so that somebody lacks it' }));
    await volumes[1].refreshCertificate();
    await eventually(
      'a call fails that should: its certificate is of a root that the callee has not mounted',
      async () => {
        const { status } = await fetch(`http://127.0.0.1:${await caller.port('in')}/`);
        return status === 503 || undefined;
      },
    );
  });
});
