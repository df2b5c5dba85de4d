import assert from 'node:assert/strict';
import { installation } from '../../../src/cli/kubernetes/chart/installation.ts';
import { type ApiServer, useApiServer } from '../../support/kubernetes/api-server.ts';
import { type KubernetesObject, objectsOf } from '../../support/kubernetes/objects.ts';

const NAMESPACE = 'gatehouse-system';
const VERBS = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'];
const LOOK = ['get', 'list', 'watch'];

const postgres = 'authority.store=postgres,authority.postgres.url=postgres://g@db/g,authority.keyEncryptionKey.name=k';

/** What each account may: `group/resource`, in every namespace unless `at` says where; all else is refused. */
interface May {
  readonly what: string;
  /** Of this name alone. */
  readonly name?: string;
  /** In this namespace alone. */
  readonly at?: string;
  readonly verbs: readonly string[];
}

const attested: readonly May[] = [
  ...['pods', 'namespaces', 'serviceaccounts'].map((plural) => ({ what: `/${plural}`, verbs: LOOK })),
  { what: 'authentication.k8s.io/tokenreviews', verbs: ['create'] },
];

const decides: readonly May[] = [
  ...attested,
  { what: '/services', verbs: LOOK },
  { what: 'discovery.k8s.io/endpointslices', verbs: LOOK },
  { what: 'networking.k8s.io/networkpolicies', verbs: LOOK },
  { what: 'policy.networking.k8s.io/clusternetworkpolicies', verbs: LOOK },
  ...['authorizationpolicies', 'peerauthentications', 'requestauthentications'].map((plural) => ({
    what: `security.istio.io/${plural}`,
    verbs: LOOK,
  })),
  ...['networkpolicies', 'globalnetworkpolicies', 'networksets', 'globalnetworksets'].flatMap((plural) => [
    { what: `projectcalico.org/${plural}`, verbs: LOOK },
    { what: `crd.projectcalico.org/${plural}`, verbs: LOOK },
  ]),
];

const webhook: readonly May[] = [
  { what: 'admissionregistration.k8s.io/validatingwebhookconfigurations', verbs: ['get', 'patch'], name: 'gatehouse' },
];

const tells: readonly May[] = [
  { what: 'events.k8s.io/events', verbs: ['create'] },
  { what: 'policy.networking.k8s.io/clusternetworkpolicies/status', verbs: ['patch'] },
];

const leads: readonly May[] = [
  { what: 'coordination.k8s.io/leases', verbs: ['create'], at: NAMESPACE },
  { what: 'coordination.k8s.io/leases', verbs: ['get', 'update'], at: NAMESPACE, name: 'gatehouse' },
];

const signs: readonly May[] = [
  { what: 'certificates.k8s.io/podcertificaterequests', verbs: LOOK },
  { what: 'certificates.k8s.io/podcertificaterequests/status', verbs: ['patch'] },
  { what: 'certificates.k8s.io/clustertrustbundles', verbs: [...LOOK, 'create', 'patch'] },
  { what: 'certificates.k8s.io/signers', verbs: ['sign', 'attest'], name: 'gatehouse.io/workload' },
];

/** Every account of a cluster may. */
const everybody: readonly May[] = [
  { what: 'certificates.k8s.io/clustertrustbundles', verbs: LOOK },
  { what: 'authorization.k8s.io/selfsubjectaccessreviews', verbs: ['create'] },
  { what: 'authorization.k8s.io/selfsubjectrulesreviews', verbs: ['create'] },
  { what: 'authentication.k8s.io/selfsubjectreviews', verbs: ['create'] },
];

const cases: readonly {
  readonly name: string;
  readonly sets: readonly string[];
  readonly may: Readonly<Record<string, readonly May[]>>;
}[] = [
  {
    name: 'on a volume',
    sets: [],
    may: { authority: [...decides, ...webhook, ...tells, ...leads] },
  },
  {
    name: 'on a volume, with certificates that kubelets mount, and nothing told',
    sets: ['signer.enabled=true,admission.check=off,status.enabled=false'],
    may: { authority: [...decides, ...signs, ...leads] },
  },
  {
    name: 'on PostgreSQL',
    sets: [postgres, 'admission.check=off'],
    may: { authority: attested, node: decides },
  },
];

interface Resource {
  readonly name: string;
  readonly namespaced: boolean;
}

/** All resources and subresources that are served, as `group/resource`. */
async function servedResources({ admin: { api } }: ApiServer): Promise<ReadonlyMap<string, Resource>> {
  const { groups } = await api.must<{ groups: { name: string; versions: { groupVersion: string }[] }[] }>(
    'GET',
    '/apis',
  );
  const lists = [
    '/api/v1',
    ...groups.flatMap(({ versions }) => versions.map(({ groupVersion }) => `/apis/${groupVersion}`)),
  ];
  const found = new Map<string, Resource>();
  for (const list of lists) {
    const { resources } = await api.must<{ resources: Resource[] }>('GET', list);
    const group = list === '/api/v1' ? '' : list.split('/')[2];
    for (const resource of resources) found.set(`${group}/${resource.name}`, resource);
  }
  return found;
}

describe('the service accounts of an installation', () => {
  const server = useApiServer({}, (started) =>
    started.installCrds('istio', 'clusterNetworkPolicy', 'calico', 'calicoApi'),
  );

  for (const { name, sets, may } of cases)
    it(`may what they need, and nothing else: ${name}`, async function () {
      this.timeout(300_000);
      const { admin } = server();
      const kinds = ['ServiceAccount', 'ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding'];
      const objects = objectsOf(installation([], sets, NAMESPACE).yaml());
      for (const object of objects.filter(({ kind }) => kind === 'Namespace' || kinds.includes(kind)))
        await applied(server(), object);
      const accounts = objects.filter(({ kind }) => kind === 'ServiceAccount').map(({ metadata }) => metadata.name!);
      assert.deepEqual(
        accounts,
        Object.keys(may).map((part) => `gatehouse-${part}`),
      );
      const resources = [...(await servedResources(server())).keys()];
      for (const part of Object.keys(may)) {
        const allowed = [...may[part]!, ...everybody];
        const wrong: string[] = [];
        const ask = async (what: string, verb: string, where: string, name: string): Promise<void> => {
          const is = await mayDo(admin.api, `gatehouse-${part}`, { what, verb, where, name });
          const should = allowed.some(
            (each) =>
              each.what === what &&
              each.verbs.includes(verb) &&
              (each.name ?? name) === name &&
              (each.at ?? where) === where,
          );
          if (is !== should)
            wrong.push(`${verb} ${what} ${name} in ${where || 'the cluster'}: ${is ? 'may' : 'may not'}`);
        };
        for (const what of resources) {
          const named = allowed.flatMap((each) => (each.what === what && each.name !== undefined ? [each.name] : []));
          const names = named.length === 0 ? [''] : ['', 'another', ...named];
          for (const verb of VERBS)
            for (const where of ['', NAMESPACE]) for (const name of names) await ask(what, verb, where, name);
        }
        for (const verb of ['impersonate', 'bind', 'escalate', 'sign', 'attest', 'approve', 'use', '*'])
          for (const what of ['/users', '/groups', '/serviceaccounts', 'certificates.k8s.io/signers', '*/*'])
            for (const name of ['', 'another', 'gatehouse.io/workload']) await ask(what, verb, '', name);
        assert.deepEqual(wrong, [], part);
      }
      for (const { kind, apiVersion, metadata } of objects)
        if (/^(Cluster)?Role(Binding)?$/.test(kind))
          await admin.api.ask('DELETE', placeOf({ kind, apiVersion, metadata }));
    });
});

function placeOf({ apiVersion, kind, metadata: { namespace, name } }: KubernetesObject): string {
  const group = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  return `${group}${namespace === undefined ? '' : `/namespaces/${namespace}`}/${kind.toLowerCase()}s/${name}`;
}

const applied = ({ admin: { api } }: ApiServer, object: KubernetesObject): Promise<unknown> =>
  api.must('PATCH', `${placeOf(object)}?fieldManager=test&force=true`, object, 'application/apply-patch+yaml');

interface Question {
  readonly what: string;
  readonly verb: string;
  /** A namespace; empty: all. */
  readonly where: string;
  readonly name: string;
}

async function mayDo(
  api: ApiServer['admin']['api'],
  account: string,
  { what, verb, where: namespace, name }: Question,
): Promise<boolean> {
  const [group, whole] = [what.slice(0, what.indexOf('/')), what.slice(what.indexOf('/') + 1)];
  const [resource, subresource] = whole.split('/');
  const { status } = await api.must<{ status: { allowed: boolean } }>(
    'POST',
    '/apis/authorization.k8s.io/v1/subjectaccessreviews',
    {
      spec: {
        user: `system:serviceaccount:${NAMESPACE}:${account}`,
        groups: ['system:serviceaccounts', `system:serviceaccounts:${NAMESPACE}`, 'system:authenticated'],
        resourceAttributes: { group, resource, subresource, verb, namespace, name },
      },
    },
  );
  return status.allowed;
}
