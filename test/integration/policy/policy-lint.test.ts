import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { startChild } from '../../support/child.ts';
import { gatehouseCommand } from '../../support/run-gatehouse.ts';
import { tempDir } from '../../support/temp-dir.ts';

const pods = `apiVersion: v1
kind: Pod
metadata: { name: cart, namespace: shop, labels: { app: cart } }
spec: { serviceAccountName: cart, containers: [{ name: c, ports: [{ name: http, containerPort: 8080 }] }] }
status: { phase: Running, podIPs: [{ ip: 10.0.0.1 }] }
---
apiVersion: v1
kind: Pod
metadata: { name: web, namespace: shop, labels: { app: web } }
spec: { serviceAccountName: web }
status: { phase: Running, podIPs: [{ ip: 10.0.0.2 }] }
`;
const istio = `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: cart, namespace: shop }
spec:
  selector: { matchLabels: { app: cart } }
  rules: [{ from: [{ source: { principals: [cluster.local/ns/shop/sa/web] } }] }]
`;
const network = (from: string): string => `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: cart, namespace: shop }
spec: { podSelector: { matchLabels: { app: cart } }, ingress: [{ from: [{ podSelector: { matchLabels: { app: ${from} } } }] }] }
`;

interface Lint {
  readonly ok: boolean;
  readonly findings: readonly {
    readonly file: string;
    readonly line: number;
    readonly code: string;
    readonly owners: readonly string[];
    readonly witness: { readonly planes: readonly { readonly plane: string; readonly decision: string }[] };
  }[];
}

async function lint(...args: readonly string[]) {
  const child = startChild(...gatehouseCommand('policy', 'lint', ...args, '--severity', 'error', '--output', 'json'));
  const code = await child.ended;
  return { code, said: child.stdout() === '' ? undefined : (JSON.parse(child.stdout()) as Lint), err: child.stderr() }; // our own command's answer
}

describe('gatehouse policy lint', function () {
  this.timeout(300_000);

  it('ends with 1 and the finding, with 0 when it is mended, with 2 when nothing can be said', async () => {
    await using directory = await tempDir('gatehouse-lint-');
    const at = (...names: readonly string[]): string => join(directory.path, ...names);
    for (const name of ['platform', 'app', 'registry']) mkdirSync(at(name));
    writeFileSync(at('registry/pods.yaml'), pods);
    writeFileSync(at('app/cart.yaml'), istio);
    writeFileSync(at('platform/cart.yaml'), network('batch'));
    const config = at('gatehouse.yaml');
    writeFileSync(
      config,
      stringify({
        trustDomain: 'cluster.local',
        policies: { paths: ['./platform', './app'], owners: { './platform': 'platform', './app': 'team-shop' } },
        registry: { paths: ['./registry'] },
      }),
    );

    const { code, said } = await lint('--config', config);
    assert.equal(code, 1);
    assert.deepEqual(
      said?.findings.map(({ code: each, file, line, owners }) => [each, file, line, owners]),
      [['l7-allow-l4-deny', at('app/cart.yaml'), 6, ['team-shop', 'platform']]],
    );
    assert.deepEqual(
      said?.findings[0]?.witness.planes.map(({ plane, decision }) => `${plane} ${decision}`),
      ['istio allow', 'l4 deny'],
    );

    writeFileSync(at('platform/cart.yaml'), network('web'));
    assert.deepEqual((await lint(at('platform'), at('app'), at('registry'))).said, {
      ok: true,
      findings: [],
      ignored: 0,
      summary: 'read 4 (2 kubernetes Pod, 1 istio AuthorizationPolicy, 1 kubernetes NetworkPolicy); skipped nothing',
    });
    assert.equal((await lint('--config', config)).code, 0);

    assert.equal((await lint(at('nowhere'))).code, 2);
    writeFileSync(at('platform/cart.yaml'), network('web').replace('from', 'form'));
    const broken = await lint(at('platform'), at('registry'));
    assert.deepEqual([broken.code, broken.said], [2, undefined]);
    assert.match(broken.err, /cart\.yaml:4: .*form/);
  });
});
