/**
 * Selectors: one attested fact about a caller each, as `type:key:value` text.
 * @module
 */
import { GatehouseError } from '../errors.ts';

/** A selector, e.g. `unix:uid:1001`, `unix:path:/usr/bin/envoy`, `socket:/run/details.sock`, `k8s:ns:default`. Compared as text. */
export type Selector = string;

const number = (value: string): string | undefined =>
  /^(0|[1-9]\d{0,9})$/.test(value) && Number(value) <= 0xffff_ffff ? undefined : 'is no number from 0 to 4294967295';
const name = (value: string): string | undefined => (/^[^:\s]+$/.test(value) ? undefined : 'is no name');
const path = (value: string): string | undefined => (value.startsWith('/') ? undefined : 'is no absolute path');
const sha256 = (value: string): string | undefined =>
  /^[0-9a-f]{64}$/.test(value) ? undefined : 'is no SHA-256 in 64 lower-case hex digits';

const ofKubernetes = (value: string): string | undefined =>
  /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/.test(value) ? undefined : 'is no name of Kubernetes';
const dnsLabel = (value: string): string | undefined =>
  /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(value) ? undefined : 'is no name of a namespace or container';
const uid = (value: string): string | undefined =>
  /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value)
    ? undefined
    : 'is no UID in lower-case hex digits and dashes';
const LABEL =
  /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?:([A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?)?$/;
const label = (value: string): string | undefined =>
  LABEL.test(value)
    ? undefined
    : 'is no label: write KEY:VALUE as Kubernetes has them; an empty VALUE is a label without one';

type Check = (value: string) => string | undefined;

const kinds: ReadonlyMap<string, Check> = new Map(
  Object.entries<Check>({
    'unix:uid': number,
    'unix:gid': number,
    'unix:user': name,
    'unix:group': name,
    'unix:supplementary_gid': number,
    'unix:path': path,
    'unix:sha256': sha256,
    'k8s:ns': dnsLabel,
    'k8s:sa': ofKubernetes,
    'k8s:pod-uid': uid,
    'k8s:pod-label': label,
    'k8s:container-name': dnsLabel,
    socket: path,
  }),
);

/**
 * Checks a selector that somebody wrote, so that a typing error does not become an entry that never matches.
 *
 * @throws GatehouseError `config_invalid`, `details.reason` says why
 */
export function parseSelector(text: string): Selector {
  const reason = problemOf(text);
  if (reason !== undefined) {
    throw new GatehouseError('config_invalid', `${JSON.stringify(text)} is not a selector: ${reason}`, {
      text,
      reason,
    });
  }
  return text;
}

function problemOf(text: string): string | undefined {
  const [first = '', second = ''] = text.split(':', 2);
  const kind = first === 'socket' ? first : `${first}:${second}`;
  const check = kinds.get(kind);
  if (check === undefined || !text.startsWith(`${kind}:`)) return `its kind is none of ${[...kinds.keys()].join(', ')}`;
  const value = text.slice(kind.length + 1);
  const problem = check(value);
  return problem === undefined ? undefined : `${JSON.stringify(value)} ${problem}`;
}
