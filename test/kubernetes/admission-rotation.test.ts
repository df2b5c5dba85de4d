import assert from 'node:assert/strict';
import { request } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { askAdmin } from '../support/ask-admin.ts';
import { eventually } from '../support/eventually.ts';
import {
  type AdmissionScene,
  authorizationPolicies,
  authorizationPolicy,
  SERVICE,
  useAdmission,
} from '../support/kubernetes/admission-scene.ts';

const spec = { action: 'DENY', rules: [{ to: [{ operation: { methods: ['DELETE'] } }] }] };

/** Asks as an API server does that has a connection to none yet; answers the serial of what was shown. */
function askAnew(port: number, ca: string): Promise<string> {
  const review = {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      ...{ uid: 'u', operation: 'CREATE', namespace: 'shop', name: 'a', userInfo: { username: 'x' } },
      kind: { group: 'security.istio.io', version: 'v1', kind: 'AuthorizationPolicy' },
      object: authorizationPolicy('a', spec, { namespace: 'shop' }),
    },
  };
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        ...{
          host: '127.0.0.1',
          port,
          servername: `${SERVICE}.svc`,
          ca,
          method: 'POST',
          path: '/validate',
          agent: false,
        },
        headers: { 'content-type': 'application/json' },
      },
      (response) => {
        const { serialNumber } = (response.socket as TLSSocket).getPeerCertificate(); // of node:https
        response
          .resume()
          .on('end', () =>
            response.statusCode === 200 ? resolve(serialNumber) : reject(new Error(String(response.statusCode))),
          );
      },
    );
    asked.on('error', reject).end(JSON.stringify(review));
  });
}

/** Applies and asks until told to stop; whatever fails is kept. */
async function busy(scene: AdmissionScene, stop: AbortSignal) {
  const { api } = scene.server().admin;
  const seen = { applied: 0, asked: 0, serials: new Set<string>(), failures: [] as unknown[] };
  const apply = async (who: string): Promise<void> => {
    for (let i = 0; !stop.aborted; i++) {
      const path = authorizationPolicies('shop');
      await api
        .must('POST', path, authorizationPolicy(`${who}-${i}`, spec))
        .catch((thrown) => seen.failures.push(thrown));
      await api.ask('DELETE', `${path}/${who}-${i}`);
      seen.applied += 1;
    }
  };
  /** An API server that hears of each change of the configuration two seconds late. */
  const askLate = async (): Promise<void> => {
    const heard: { readonly caBundle: string; readonly atMs: number }[] = [];
    while (!stop.aborted) {
      heard.push({ caBundle: (await scene.webhook()).caBundle, atMs: performance.now() });
      const { caBundle } = heard.findLast(({ atMs }) => performance.now() - atMs > 2_000) ?? heard[0]!; // one was pushed
      await askAnew(scene.port(), caBundle).then(
        (serial) => seen.serials.add(serial),
        (thrown) => seen.failures.push(thrown),
      );
      seen.asked += 1;
    }
  };
  await Promise.all([apply('a'), apply('b'), askLate()]);
  return seen;
}

describe('the admission webhook through a rotation', function () {
  this.timeout(300_000);
  const scene = useAdmission();

  it('fails no apply, also of an API server that hears of a new caBundle late', async () => {
    const stop = new AbortController();
    const running = busy(scene, stop.signal);
    const before = (await scene.webhook()).caBundle;
    try {
      for (const verb of ['prepare', 'activate', 'taint', 'revoke']) {
        const order = { reason: 'test', override: verb === 'revoke' };
        const { status, body } = await askAdmin(
          scene.gatehouse().ready.admin,
          'POST',
          `/v1/authorities/${verb}`,
          order,
        );
        assert.equal(status, 200, JSON.stringify(body));
      }
      const after = await eventually('the old authority has gone', async () => {
        const { caBundle } = await scene.webhook();
        return caBundle !== before && !caBundle.includes(before.trim()) ? caBundle : undefined;
      });
      await eventually('what the new authority signed is shown', () =>
        askAnew(scene.port(), after).catch(() => undefined),
      );
    } finally {
      stop.abort();
    }
    const { applied, asked, serials, failures } = await running;
    assert.deepEqual(failures, []);
    assert.ok(
      applied > 20 && asked > 20 && serials.size > 1,
      JSON.stringify({ applied, asked, serials: serials.size }),
    );
  });
});
