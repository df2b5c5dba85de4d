import assert from 'node:assert/strict';
import { createAnswers } from '../../../../../src/identity/delivery/pod-certificates/answer-request.ts';
import { readPodCertificateRequest } from '../../../../../src/identity/delivery/pod-certificates/request.ts';
import { readCertificate } from '../../../../../src/identity/pki/certificate.ts';
import { fromPem } from '../../../../../src/identity/pki/pem.ts';
import { verifySvidChain } from '../../../../../src/identity/pki/svid-chain.ts';
import { entitlementOf, openTestAuthority, orderOf } from '../../../../support/authority.ts';
import { opensslCsr, requestObject } from '../../../../support/pod-certificate-requests.ts';
import { type Mounted, ScriptedVolume } from '../../../../support/scripted-kubelet.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const PODS = 40;

/** A cluster of pods on virtual time, with a publisher that is a little late. */
async function openCluster() {
  const { authority, clock } = await openTestAuthority({ gateGrade: 'renewed' });
  const published: { readonly at: number; readonly sequence: number; readonly roots: readonly Uint8Array[] }[] = [];
  const csr = opensslCsr(['ec', '-pkeyopt', 'ec_paramgen_curve:P-256']).toString('base64');
  const node = 'node-1';
  const answers = createAnswers({
    signerName: 'gatehouse.io/workload',
    lifeMs: HOUR,
    source: authority,
    authority: () => authority.signing(),
    published: () => authority.bundles.value.own,
    look: async ({ namespace, pod, account }) => ({
      pod: {
        ...{ namespace, name: pod.name, uid: pod.uid, serviceAccount: account.name, node },
        ...{ labels: {}, isTerminating: false, hasEnded: false, containers: new Map<string, string>() },
      },
      account: { uid: account.uid },
    }),
    identityOf: ({ pod }) => ({ entry: { ...entitlementOf(pod.name), selectors: [], origin: '' }, selectors: [] }),
    clock,
  });
  let asked = 0;
  const source = {
    async ask(pod: string) {
      asked += 1;
      const object = requestObject({ podName: pod, podUID: pod, maxExpirationSeconds: 3600, stubPKCS10Request: csr });
      const request = readPodCertificateRequest({
        ...object,
        metadata: { ...object.metadata, uid: `request-${asked}` },
      });
      assert.ok(typeof request !== 'string');
      const answer = await answers.answer(request);
      if (answer.does !== 'answer' || answer.denial !== undefined) return undefined;
      const { certificateChain, beginRefreshAt } = answer.status;
      const chain = fromPem('CERTIFICATE', certificateChain!);
      return { chain, beginRefreshAt: Date.parse(beginRefreshAt!), notAfterAt: readCertificate(chain[0]!).notAfterAt };
    },
    rootsAt: (atMs: number) => published.findLast(({ at }) => at <= atMs)?.roots ?? published[0]!.roots,
  };
  const publish = (): void => {
    const { sequence, x509Authorities } = authority.bundles.value.own;
    if (published.at(-1)?.sequence === sequence) return;
    published.push({ at: clock.now(), sequence, roots: x509Authorities });
    authority.acknowledge({
      consumer: 'publisher',
      channel: 'pod-certificate',
      spiffeIds: [],
      sequence,
      grade: 'sent',
    });
  };
  publish();
  const volumes = Array.from({ length: PODS }, (_, i) => new ScriptedVolume(`pod-${i}`, source));
  const failures: string[] = [];
  let ticks = 0;
  const verdicts = new Map<string, boolean>();
  const own = authority.bundles.value.own;
  /** Every pod calls every other. */
  const handshakes = (): void => {
    const mounted = volumes.flatMap((each) => each.mounted ?? []);
    for (const caller of mounted)
      for (const callee of mounted) if (!trusts(callee, caller)) failures.push(new Date(clock.now()).toISOString());
  };
  const trusts = (verifier: Mounted, shown: Mounted): boolean => {
    if (clock.now() >= shown.notAfterAt) return false;
    const key = [shown.chain[0]!, ...verifier.roots]
      .map((der) => Buffer.from(der).toString('base64').slice(-40))
      .join();
    let verdict = verdicts.get(key);
    if (verdict === undefined) {
      verdict = verifySvidChain(shown.chain, { ...own, x509Authorities: verifier.roots }, clock.now()).ok;
      verdicts.set(key, verdict);
    }
    return verdict;
  };
  return {
    authority,
    clock,
    failures,
    /** Lets so many half minutes pass. */
    async pass(halfMinutes: number): Promise<void> {
      for (let i = 0; i < halfMinutes; i++) {
        clock.advance(MINUTE / 2);
        await authority.tick();
        for (const each of volumes) await each.tick(clock.now());
        handshakes();
        ticks += 1;
        if (ticks % 2 === 0) publish();
      }
    },
  };
}

describe('a rotation under volumes that kubelets fill, as late as they may', () => {
  it('fails no handshake, at each step as soon as its gate opens', async () => {
    const { authority, clock, failures, pass } = await openCluster();
    await pass(10);
    const waited: number[] = [];
    for (const verb of ['prepare', 'activate', 'taint', 'revoke'] as const) {
      const beganAt = clock.now();
      while (!(await authority[verb](orderOf())).done) await pass(1);
      waited.push(Math.round((clock.now() - beganAt) / MINUTE));
    }
    await pass(60);
    assert.deepEqual(failures, []);
    const [prepared, activated, tainted, revoked] = waited;
    assert.deepEqual([prepared, tainted], [0, 0]);
    assert.ok(activated! >= 10 && activated! <= 12, `${activated} min`);
    assert.ok(revoked! > 30 && revoked! <= 60, `${revoked} min: until the last certificate of before expired`);
    const { x509Authorities } = await authority.status();
    assert.deepEqual(
      x509Authorities.map(({ slot }) => slot),
      ['revoked', 'active'],
    );
  });

  it('fails handshakes where the gate is overridden: the pods do see what they lack', async () => {
    const { authority, failures, pass } = await openCluster();
    await pass(60);
    await authority.prepare(orderOf());
    await pass(2);
    await authority.activate(orderOf('x509', { override: true, reason: 'test' }));
    await pass(20);
    assert.ok(failures.length > 0);
  });
});
