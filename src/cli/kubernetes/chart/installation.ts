/**
 * The objects of one installation as text and as values, with the namespace that they lie in.
 * @module
 */
import { GatehouseError } from '../../../errors.ts';
import { programVersion } from '../../../lib/version.ts';
import { onNodes } from '../objects/choices.ts';
import { objectsFor } from './chart.ts';
import { printDocuments } from './print.ts';
import { readValues } from './read-values.ts';
import { holds, type Installation, plain } from './resolve.ts';
import { noted, type Tree } from './tree.ts';

export interface Printed {
  readonly to: Installation;
  /** Documents of YAML, with their reasons. */
  yaml(): string;
  /** A `List`. */
  list(): { readonly apiVersion: 'v1'; readonly kind: 'List'; readonly items: readonly unknown[] };
}

const NAMESPACE = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** @throws GatehouseError `config_invalid` */
export function installation(files: readonly string[], sets: readonly string[], namespace: string): Printed {
  if (!NAMESPACE.test(namespace))
    throw new GatehouseError(
      'config_invalid',
      `${namespace} is no name of a namespace: small letters, digits and hyphens`,
    );
  const to: Installation = { values: readValues(files, sets), namespace, version: programVersion() };
  const objects = [namespaceOf(to), ...objectsFor(to)];
  return {
    to,
    yaml: () => printDocuments(objects),
    list: () => ({ apiVersion: 'v1', kind: 'List', items: objects.map(plain) }),
  };
}

/** With Helm it is yours to make; the labels are what Pod Security lets into it. */
function namespaceOf(to: Installation): Tree {
  const nodes = holds(onNodes, to);
  const labels = {
    'pod-security.kubernetes.io/enforce': nodes ? 'privileged' : 'restricted',
    'pod-security.kubernetes.io/warn': nodes ? 'privileged' : 'restricted',
  };
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name: to.namespace,
      labels: nodes
        ? noted('The socket of a node needs hostPath, and whoever asks there is seen by hostPID alone.', labels)
        : labels,
    },
  };
}
