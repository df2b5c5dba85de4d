/**
 * What passes and should not, in words that name nothing beyond one namespace.
 * @module
 */
import type { Leak, LeakEnd, TenantVerdict } from './proof-order.ts';

/** How alone a tenant is, in words of one namespace alone; undefined where both ends lie elsewhere. */
export function toldText(verdict: TenantVerdict, namespace: string): string | undefined {
  const { direction, tenant, leak } = verdict;
  if (leak === undefined || namespace === '') return undefined;
  const isSeen = (end: LeakEnd): boolean => end.namespace === namespace;
  const own = direction === 'in' ? leak.to : leak.from;
  if (!isSeen(leak.from) && !isSeen(leak.to)) return undefined;
  const name = isSeen(own) ? `tenant ${tenant}` : 'a tenant';
  // Labels of a caller to come are those that policies of whom it reaches ask for; so is the request.
  const from = isSeen(leak.from) ? endText(leak.from, false) : elsewhere(leak.from);
  const to = isSeen(leak.to) ? `${endText(leak.to, true)} ${leak.request}` : elsewhere(leak.to);
  return `${name} ${lessText(verdict)}: ${from} reaches ${to}${byText(leak, namespace)}`;
}

const reaches = {
  none: 'is not alone',
  today: "is alone for today's pods only",
  future: 'is alone in the namespaces of today only',
  namespaces: 'is alone',
} as const;

/** As far as it still is. */
export const lessText = ({ extent, direction }: TenantVerdict): string =>
  `${reaches[extent]} (${direction === 'in' ? 'others reach it' : 'it reaches others'})`;

const elsewhere = ({ namespace }: LeakEnd): string =>
  namespace === '' ? 'a workload of another trust domain' : 'a pod of another namespace';

function endText({ namespace, pod, labels, serviceAccount }: LeakEnd, withLabels: boolean): string {
  if (pod !== undefined) return `${namespace}/${pod}`;
  if (!withLabels) return `a pod to come in ${namespace}`;
  const told = [...labels.map(([key, value]) => `${key}=${value}`), `service account ${serviceAccount}`];
  return `a pod to come in ${namespace} (${told.join(', ')})`;
}

function byText({ by, to }: Leak, namespace: string): string {
  if (by === undefined) return to.namespace === namespace ? ', no policy keeps it out' : '';
  if (by.namespace === namespace) return `, ${by.text}`;
  return by.namespace === '' ? ', by a policy of the whole cluster' : ', by a policy elsewhere';
}
