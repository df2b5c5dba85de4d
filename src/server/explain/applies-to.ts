/**
 * Which policies apply to one workload, by its name.
 * @module
 */
import type { RequestForm } from '../../admin-api/request-form.ts';
import { createRegistryContext } from '../../policy/meaning/registry-context.ts';
import { type Applies, applies } from '../../policy/meaning/subject.ts';
import type { PolicyModel, Subject } from '../../policy/model.ts';
import { parseSpiffeId, serviceAccountOf } from '../../spiffe/spiffe-id.ts';

/** Makes the test of a policy's subject. Labels that nobody told are unknown, as they are to a Check without them. */
export function appliesTo(
  { destination }: RequestForm,
  { registry, absence }: Pick<PolicyModel, 'registry' | 'absence'>,
): (subject: Subject) => Applies {
  const spiffeId = parseSpiffeId(destination?.principal ?? '');
  const { namespace = '', serviceAccount = '' } = serviceAccountOf(spiffeId) ?? {};
  const labels = destination?.labels && new Map(Object.entries(destination.labels));
  const context = registry === undefined ? {} : createRegistryContext(registry, absence);
  const workload = { spiffeId, namespace, serviceAccount, labels };
  return (subject) => applies(subject, workload, context);
}
