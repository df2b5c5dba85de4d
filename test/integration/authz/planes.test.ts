import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { RequestForm } from '../../../src/admin-api/request-form.ts';
import { encodeRequestForm } from '../../../src/analysis/request-form.ts';
import { checkClient } from '../../support/check-client.ts';
import { eventually } from '../../support/eventually.ts';
import { runGatehouse } from '../../support/run-gatehouse.ts';
import { tempDir } from '../../support/temp-dir.ts';

const registry = `apiVersion: v1
kind: Namespace
metadata: { name: shop, annotations: { gatehouse.dev/owner: team-shop } }
---
apiVersion: v1
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

const policies = `apiVersion: projectcalico.org/v3
kind: Tier
metadata: { name: security }
spec: { order: 5, defaultAction: Pass }
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: { name: only-read, annotations: { gatehouse.dev/owner: platform } }
spec:
  tier: security
  selector: app == 'cart'
  ingress:
    - { action: Log }
    - { action: Allow, http: { methods: [GET] } }
---
apiVersion: projectcalico.org/v3
kind: StagedNetworkPolicy
metadata: { name: soon, namespace: shop }
spec: { selector: app == 'cart', tier: security, order: 1, ingress: [{ action: Deny, source: { serviceAccounts: { names: [web] } } }] }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: nobody, namespace: shop }
spec: { podSelector: { matchLabels: { app: cart } } }
`;

const ask = (method: string): RequestForm => ({
  source: { principal: 'spiffe://cluster.local/ns/shop/sa/web', address: '10.0.0.2', port: 40_000 },
  destination: { principal: 'spiffe://cluster.local/ns/shop/sa/cart', address: '10.0.0.1', port: 8080 },
  http: { method, path: '/' },
});

describe('decisions of planes, through a running server', () => {
  it('say plane, tier, policy, rule and owner, what is staged, and what an observed plane says', async () => {
    await using directory = await tempDir('gatehouse-planes-');
    for (const name of ['policies', 'registry', 'run']) mkdirSync(join(directory.path, name));
    writeFileSync(join(directory.path, 'policies/all.yaml'), policies);
    writeFileSync(join(directory.path, 'registry/pods.yaml'), registry);
    const config = join(directory.path, 'gatehouse.yaml');
    writeFileSync(
      config,
      stringify({
        trustDomain: 'cluster.local',
        listen: { extAuthz: '127.0.0.1:0', health: '127.0.0.1:0' },
        policies: { paths: ['./policies'], planes: { calico: 'enforce', l4: 'observe' } },
        registry: { paths: ['./registry'] },
      }),
    );
    await using gatehouse = await runGatehouse(config);
    using client = checkClient(gatehouse.ready.extAuthz);
    const said = async (method: string) => {
      const outcome = await client.ask(encodeRequestForm(ask(method)));
      assert.ok('response' in outcome);
      return outcome.response.dynamicMetadata?.['gatehouse'] as Record<string, unknown>; // the contract's form
    };

    const { id: _, snapshot: _s, destination: _d, ...read } = await said('GET');
    assert.deepEqual(read, {
      decision: 'allow',
      reason: 'rule_allowed',
      plane: 'calico',
      stage: 'security',
      policy: 'only-read',
      rule: 1,
      owner: 'platform',
      dry_run: { decision: 'deny', policy: 'shop/soon' },
      observed: {
        l4: {
          decision: 'allow',
          reason: 'rule_allowed',
          policy: 'only-read',
          rule: 1,
          stage: 'security',
          owner: 'platform',
        },
      },
    });

    const { id: _i, snapshot: _n, destination: _w, dry_run: _r, observed: _o, ...write } = await said('POST');
    assert.deepEqual(write, { decision: 'deny', reason: 'no_rule_allowed', plane: 'calico', stage: 'default' });

    const logged = await eventually('the denial is logged', () =>
      gatehouse
        .log()
        .split('\n')
        .filter((line) => line.includes('"decision":"deny"')) // an allow that was rehearsed says so too, of its rehearsal
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .find(({ decision }) => decision === 'deny'),
    );
    assert.equal(logged['stage'], 'default');
    assert.deepEqual(logged['dryRun'], { decision: 'deny', policy: 'shop/soon' });
  });
});
