/**
 * The way to the API server from a pod: its environment, and the files of its service account.
 * @module
 */
import { join } from 'node:path';
import { GatehouseError } from '../../errors.ts';
import type { ClusterAccess } from './access.ts';
import { FreshFile } from './fresh-file.ts';

const DIRECTORY = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * The access that a pod has.
 *
 * @param directory  where the token and the CA lie; both are renewed in place
 * @throws GatehouseError `config_invalid` if this is no pod, or one without a token
 */
export function inClusterAccess(
  environment: Readonly<Record<string, string | undefined>> = process.env,
  directory = DIRECTORY,
): ClusterAccess {
  const host = environment['KUBERNETES_SERVICE_HOST'] ?? '';
  const port = environment['KUBERNETES_SERVICE_PORT'] ?? '';
  if (host === '' || port === '')
    throw new GatehouseError(
      'config_invalid',
      'kubernetes.kubeconfig is empty, and this is no pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set; name a kubeconfig',
    );
  const token = new FreshFile(join(directory, 'token'));
  const ca = new FreshFile(join(directory, 'ca.crt'));
  const read = () => ({ tls: { ca: readOrSay(ca) }, token: readOrSay(token) });
  read();
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    credentials: async () => read(),
  };
}

function readOrSay(file: FreshFile): string {
  try {
    return file.read();
  } catch (cause) {
    const message = `${file.path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}; let the pod mount its service account (automountServiceAccountToken)`;
    throw new GatehouseError('config_invalid', message, { path: file.path }, { cause });
  }
}
