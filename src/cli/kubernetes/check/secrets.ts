/**
 * The Secrets that only you can make: whether they are there. Their content is not looked at.
 * @module
 */
import type { KubernetesClient } from '../../../platform/kubernetes/client.ts';
import { bad, good, type Outcome, warning } from '../../check/outcome.ts';
import { holds, type Installation } from '../chart/resolve.ts';
import type { Values } from '../chart/values.ts';
import { onPostgres } from '../objects/choices.ts';
import { lookFor } from './objects.ts';

interface Wanted {
  readonly name: string;
  readonly key: string;
  readonly what: string;
  readonly make: string;
}

/** Looks for each that the values name. @throws KubernetesError */
export async function checkSecrets(client: KubernetesClient, to: Installation): Promise<readonly Outcome[]> {
  const { authority } = to.values as Values; // the schema made them
  const { keyEncryptionKey, postgres } = authority;
  const wanted: readonly Wanted[] = [
    ...(keyEncryptionKey.name === ''
      ? []
      : [{ ...keyEncryptionKey, what: 'the key that encrypts keys', make: `"$(head -c 32 /dev/urandom | base64)"` }]),
    ...(holds(onPostgres, to)
      ? [{ ...postgres.password, what: 'the password of the database', make: 'PASSWORD' }]
      : []),
  ];
  if (wanted.length === 0)
    return [
      warning(
        'keys-not-encrypted',
        'the keys lie on the volume as they are',
        'make a Secret with a key, and name it in authority.keyEncryptionKey.name',
      ),
    ];
  return Promise.all(wanted.map((each) => checkSecret(client, to.namespace, each)));
}

async function checkSecret(
  client: KubernetesClient,
  namespace: string,
  { name, key, what, make }: Wanted,
): Promise<Outcome> {
  const found = await lookFor<{ readonly data?: object }>(client, `/api/v1/namespaces/${namespace}/secrets/${name}`);
  if (found === 'refused')
    return warning('not-visible', `Secret ${name} cannot be seen: we may not get it`, `it must hold ${what} as ${key}`);
  if (found !== 'missing' && key in (found.data ?? {})) return good('secret', `Secret ${name} has ${key}: ${what}`);
  return bad(
    'secret-missing',
    found === 'missing' ? `Secret ${name} is missing: ${what}` : `Secret ${name} has no ${key}: ${what}`,
    `kubectl -n ${namespace} create secret generic ${name} --from-literal=${key}=${make}`,
  );
}
