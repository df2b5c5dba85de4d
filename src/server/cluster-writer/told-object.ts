/**
 * What there is to tell the author of an object of a cluster.
 * @module
 */
import type { Finding } from '../../policy/documents/finding.ts';
import type { HeldObject } from '../../policy/objects/held-object.ts';
import type { KindObjects } from '../../policy/objects/kind-objects.ts';

/** An object of a policy, as it was read. */
export interface ToldObject {
  readonly apiVersion: string;
  readonly kind: string;
  /** Empty: it belongs to none. */
  readonly namespace: string;
  readonly name: string;
  /** Errors, then warnings. */
  readonly findings: readonly Finding[];
  /** What it says is in force; else what it said when it was last sound, if it ever was. */
  readonly isInForce: boolean;
  readonly hasLastGood: boolean;
  /** Whether what the API server shows is what was read. */
  isStill(object: unknown): boolean;
}

const weight = ({ severity }: Finding): number => (severity === 'error' ? 0 : 1);

/** What is to be told of an object that is held. */
export function toldObject(of: KindObjects, held: HeldObject): ToldObject {
  const { apiVersion, kind, metadata } = JSON.parse(held.text) as Written; // it was made of an object that the API server gave
  return {
    ...{ apiVersion, kind, namespace: held.namespace, name: metadata.name },
    findings: held.file.findings.filter(({ severity }) => severity !== 'hint').sort((a, b) => weight(a) - weight(b)),
    isInForce: !held.file.hasErrors,
    hasLastGood: held.good !== undefined,
    isStill: (object) => of.read(object, apiVersion).text === held.text,
  };
}

interface Written {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

/** The path of an object; kinds of policies are plural in the usual ways. */
export function pathOf({ apiVersion, kind, namespace, name }: ToldObject): string {
  const lower = kind.toLowerCase();
  const plural = lower.endsWith('y') ? `${lower.slice(0, -1)}ies` : `${lower}s`;
  const scope = namespace === '' ? '' : `/namespaces/${namespace}`;
  return `${apiVersion.includes('/') ? '/apis' : '/api'}/${apiVersion}${scope}/${plural}/${name}`;
}

/** The metadata of an object as the API server has it now. */
export interface Identified {
  readonly uid: string;
  readonly generation: number;
}

/** What was found, in one line: where, what, and what to do. */
export const lineOf = ({ path, message, fix }: Finding): string =>
  [path, `${message}; ${fix}`].filter((part) => part !== '').join(': ');
