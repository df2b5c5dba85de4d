import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { installation } from '../../../src/cli/kubernetes/chart/installation.ts';
import { useApiServer } from '../../support/kubernetes/api-server.ts';
import { installations } from '../../support/kubernetes/installations.ts';
import { collectionOf, type KubernetesObject, objectsOf } from '../../support/kubernetes/objects.ts';
import { tempDir } from '../../support/temp-dir.ts';

interface Workload extends KubernetesObject {
  readonly spec: { readonly template: { readonly metadata: object; readonly spec: object } };
}

const isWorkload = (object: KubernetesObject): object is Workload =>
  ['Deployment', 'StatefulSet', 'DaemonSet'].includes(object.kind);

describe('the objects of an installation', () => {
  const server = useApiServer();

  for (const [i, { name, values, sets }] of installations.entries())
    it(`are taken by the API server, every field of them: ${name}`, async () => {
      await using dir = await tempDir();
      await writeFile(dir.at('values.yaml'), values);
      const objects = objectsOf(installation([dir.at('values.yaml')], sets, `install-${i}`).yaml());
      const { api } = server().admin;
      for (const object of objects) {
        const path = `${await collectionOf(api, object)}?fieldValidation=Strict`;
        const { status, body, warnings } = await api.ask('POST', path, object);
        const isThere = status === 409 && !path.includes('/namespaces/install'); // those of the cluster, by the case before
        assert.ok(status === 201 || isThere, `${object.kind} ${object.metadata.name}: ${body.message}`);
        assert.deepEqual(warnings, [], `${object.kind} ${object.metadata.name}`);
      }
      // What a controller makes of the templates is held to the Pod Security of the namespace.
      for (const { kind, spec } of objects.filter(isWorkload)) {
        const pod = {
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { ...spec.template.metadata, name: `of-${kind.toLowerCase()}` },
          spec: { ...spec.template.spec, ...(kind === 'StatefulSet' && { volumes: withClaim(spec.template.spec) }) },
        };
        const { status, body, warnings } = await api.ask(
          'POST',
          `/api/v1/namespaces/install-${i}/pods?fieldValidation=Strict`,
          pod,
        );
        assert.equal(status, 201, body.message);
        assert.deepEqual(warnings, []);
      }
    });

  it('break `restricted` on nodes by the socket, the sight of processes, and who gives directories away', async () => {
    const values = [
      'authority.store=postgres,authority.postgres.url=postgres://g@db/g,authority.keyEncryptionKey.name=k',
    ];
    const { api } = server().admin;
    await server().namespace('restricted', { 'pod-security.kubernetes.io/warn': 'restricted' });
    const warningsOf = async (kind: string): Promise<readonly string[]> => {
      const object = objectsOf(installation([], values, 'restricted').yaml()).find((each) => each.kind === kind)!;
      return (await api.ask('POST', `${await collectionOf(api, object)}?dryRun=All`, object)).warnings;
    };
    assert.deepEqual(await warningsOf('Deployment'), []);
    assert.deepEqual(await warningsOf('DaemonSet'), [
      'would violate PodSecurity "restricted:latest": host namespaces (hostPID=true), ' +
        'unrestricted capabilities (container "directories" must not include "CHOWN" in securityContext.capabilities.add), ' +
        'restricted volume types (volumes "run", "data" use restricted volume type "hostPath"), ' +
        'runAsNonRoot != true (container "directories" must not set securityContext.runAsNonRoot=false), ' +
        'runAsUser=0 (container "directories" must not set runAsUser=0)',
    ]);
  });
});

const withClaim = (spec: { readonly volumes?: readonly object[] }): object[] => [
  ...(spec.volumes ?? []),
  { name: 'data', persistentVolumeClaim: { claimName: 'data-gatehouse-authority-0' } },
];
