/**
 * A real API server that asks a running Gatehouse, by the objects of docs/admission.md.
 * @module
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { eventually } from '../eventually.ts';
import { freePort } from '../free-port.ts';
import { type GatehouseDir, gatehouseDir, usualListeners } from '../gatehouse-dir.ts';
import { type RunningGatehouse, runGatehouse } from '../run-gatehouse.ts';
import { type ApiServer, useApiServer } from './api-server.ts';
import type { KubernetesObject } from './objects.ts';

/** The Service of the page, as certificates name it. */
export const SERVICE = 'gatehouse-authority.gatehouse-system';

const CONFIGURATION = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/gatehouse';

/** Settings beside `admission`. */
interface OtherSettings {
  readonly kubernetes?: object;
  readonly further?: object;
}

export interface AdmissionScene {
  server(): ApiServer;
  gatehouse(): RunningGatehouse;
  /** 127.0.0.1, where the webhook listens. */
  port(): number;
  /** Starts Gatehouse, and waits until the cluster asks it as `check` says. */
  start(check: 'warn' | 'enforce', differs?: object, others?: OtherSettings): Promise<void>;
  restart(check: 'warn' | 'enforce', differs?: object, others?: OtherSettings): Promise<void>;
  /** Adds webhooks, YAML, to the configuration that the cluster has. */
  addWebhooks(yaml: string): Promise<void>;
  /** What the cluster believes now. */
  webhook(): Promise<{ readonly failurePolicy: string; readonly caBundle: string }>;
}

export const authorizationPolicies = (namespace: string): string =>
  `/apis/security.istio.io/v1/namespaces/${namespace}/authorizationpolicies`;

export const authorizationPolicy = (name: string, spec: object, metadata: object = {}) => ({
  apiVersion: 'security.istio.io/v1',
  kind: 'AuthorizationPolicy',
  metadata: { name, ...metadata },
  spec,
});

/** One scene for all tests of a `describe`; Gatehouse enforces when they begin. */
export function useAdmission(): AdmissionScene {
  let port = 0;
  let dir: GatehouseDir;
  let gatehouse: RunningGatehouse | undefined;
  const server = useApiServer({}, async (cluster) => {
    port = await freePort();
    await cluster.installCrds('istio', 'clusterNetworkPolicy', 'calicoApi');
    for (const name of ['gatehouse-system', 'shop', 'other', 'istio-system']) await cluster.namespace(name);
    await cluster.create(documented(port), reading, readingBy, serviceAt(port));
  });
  const webhook: AdmissionScene['webhook'] = async () => {
    const { webhooks } = await server().admin.api.must<Configuration>('GET', CONFIGURATION);
    const { failurePolicy, clientConfig } = webhooks[0]!; // of the page
    return { failurePolicy, caBundle: Buffer.from(clientConfig.caBundle ?? '', 'base64').toString() };
  };
  const start: AdmissionScene['start'] = async (check, differs = {}, others = {}) => {
    const { kubeconfig } = await server().serviceAccount('gatehouse-system', 'gatehouse-authority');
    await dir.configure({
      listen: { ...usualListeners, admission: `127.0.0.1:${port}` },
      policies: { paths: ['policies'] },
      kubernetes: { kubeconfig, ...others.kubernetes },
      admission: { check, service: SERVICE, configuration: 'gatehouse', ...differs },
      ...others.further,
    });
    gatehouse = await runGatehouse(dir.config);
    await eventually('the configuration is right', async () => {
      const { failurePolicy, caBundle } = await webhook();
      return (failurePolicy === (check === 'enforce' ? 'Fail' : 'Ignore') && caBundle !== '') || undefined;
    });
  };
  before(async function (this: Mocha.Context) {
    this.timeout(300_000);
    dir = await gatehouseDir();
    await start('enforce');
  });
  after(async () => {
    await gatehouse?.stop();
    await dir?.[Symbol.asyncDispose]();
  });
  return {
    server,
    gatehouse: () => gatehouse!, // started before the tests
    port: () => port,
    start,
    async restart(check, differs, others) {
      await gatehouse?.stop();
      await start(check, differs, others);
    },
    async addWebhooks(yaml) {
      const { api } = server().admin;
      const found = await api.must<{ readonly webhooks: readonly object[] }>('GET', CONFIGURATION);
      const [first] = found.webhooks as readonly { readonly clientConfig: object }[]; // as above
      const added = (parse(yaml) as readonly object[]).map((each) => ({ ...each, clientConfig: first!.clientConfig }));
      await api.must('PUT', CONFIGURATION, { ...found, webhooks: [...found.webhooks, ...added] });
    },
    webhook,
  };
}

interface Configuration {
  readonly webhooks: readonly {
    readonly failurePolicy: string;
    readonly clientConfig: { readonly caBundle?: string };
  }[];
}

/** The objects of docs/admission.md, as they stand there but for the port. */
function documented(port: number): string {
  const page = readFileSync('docs/admission.md', 'utf8');
  const yaml = /<!-- applied by [^>]+-->\n```yaml\n(.*?)```/s.exec(page)?.[1] ?? '';
  assert.match(yaml, /port: 8443/);
  return yaml.replace('port: 8443', `port: ${port}`);
}

/** Leads to this machine; the certificate is looked at by the name of the Service all the same. */
const serviceAt = (port: number) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'gatehouse-authority', namespace: 'gatehouse-system' },
  spec: { type: 'ExternalName', externalName: 'localhost', ports: [{ port }] },
});

const reading = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name: 'gatehouse-reading' },
  rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['get', 'list', 'watch'] }],
};

const readingBy: KubernetesObject = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRoleBinding',
  metadata: { name: 'gatehouse-reading' },
  ...{
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'gatehouse-reading' },
    subjects: [{ kind: 'ServiceAccount', name: 'gatehouse-authority', namespace: 'gatehouse-system' }],
  },
};
