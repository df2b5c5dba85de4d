/**
 * Which workload an HTTP caller asks for, and in which dialect: by the path alone.
 * @module
 */
import { type Dialect, dialects } from './dialect.ts';

/** What the path of a request says. */
export interface AskedWorkload {
  readonly dialect: Dialect;
  readonly namespace: string;
  readonly serviceAccount: string;
  /** What follows: the URI that Envoy asks about; elsewhere empty. */
  readonly rest: string;
}

const PATH =
  /^\/check\/([a-z]+)\/([a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)\/([a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?)(?![-a-z0-9.])(.*)$/;

/** Reads it; a text says what is wrong. Beyond the workload only Envoy may say something, as it asks with the request's own path. */
export function askedWorkload(url: string): AskedWorkload | string {
  const match = PATH.exec(url);
  if (match === null) return 'the path is not /check/PROXY/NAMESPACE/SERVICEACCOUNT';
  const [, name = '', namespace = '', serviceAccount = '', rest = ''] = match;
  const dialect = dialects.get(name);
  if (dialect === undefined) return `there is no proxy ${name}`;
  if (dialect.name !== 'envoy' && rest !== '' && rest !== '?')
    return 'something stands behind the workload in the path: a query, or a second workload';
  return { dialect, namespace, serviceAccount, rest: dialect.name === 'envoy' ? rest : '' };
}
