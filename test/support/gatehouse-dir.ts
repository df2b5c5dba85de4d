/**
 * A directory with a configuration and policies, ready to be served.
 * @module
 */
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { stringify } from 'yaml';
import { type TempDir, tempDir } from './temp-dir.ts';

export interface GatehouseDir extends TempDir {
  readonly config: string;
  /** Writes the configuration: usual addresses, and whatever differs. */
  configure(differs?: Readonly<Record<string, unknown>>): Promise<void>;
  /** Writes `policies/<name>.yaml`. */
  policy(name: string, text: string): Promise<void>;
}

/** Makes one that allows GET to `default/details` from `default/productpage`. */
export async function gatehouseDir(differs: Readonly<Record<string, unknown>> = {}): Promise<GatehouseDir> {
  const dir = await tempDir('gh-');
  await chmod(dir.path, 0o755);
  await mkdir(dir.at('policies'));
  const made: GatehouseDir = {
    ...dir,
    config: dir.at('gatehouse.yaml'),
    configure: (some = {}) =>
      writeFile(dir.at('gatehouse.yaml'), stringify({ trustDomain: 'cluster.local', listen: usualListeners, ...some })),
    policy: (name, text) => writeFile(dir.at(`policies/${name}.yaml`), text),
  };
  await made.configure(differs);
  await made.policy('details', allowing('GET'));
  return made;
}

export const usualListeners = { extAuthz: '127.0.0.1:0', health: '127.0.0.1:0' };

/** A policy that allows productpage one method on details. */
export function allowing(method: string): string {
  return `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: details-viewer, namespace: default }
spec:
  action: ALLOW
  rules:
  - from: [{ source: { principals: [cluster.local/ns/default/sa/productpage] } }]
    to: [{ operation: { methods: [${method}] } }]
`;
}
