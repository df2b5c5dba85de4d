/**
 * Whether the cluster asks Gatehouse before it stores a policy, as the values want it.
 * @module
 */
import type { KubernetesClient } from '../../../platform/kubernetes/client.ts';
import { bad, good, type Outcome, warning } from '../../check/outcome.ts';
import type { Installation } from '../chart/resolve.ts';
import type { Values } from '../chart/values.ts';
import { lookFor } from './objects.ts';

interface Configuration {
  readonly webhooks?: readonly {
    readonly failurePolicy?: string;
    readonly clientConfig: { readonly caBundle?: string };
  }[];
}

/** Looks at what Gatehouse writes there itself. @throws KubernetesError */
export async function checkWebhook(client: KubernetesClient, to: Installation): Promise<readonly Outcome[]> {
  const { name, admission } = to.values as Values; // the schema made them
  const path = `/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/${name}`;
  const found = await lookFor<Configuration>(client, path);
  if (found === 'missing') return []; // said among the objects
  if (found === 'refused')
    return [warning('not-visible', `the webhook ${name} cannot be seen: we may not get it`, 'ask as somebody who may')];
  const { webhooks = [] } = found;
  const [webhook] = webhooks;
  if (webhook === undefined || webhooks.some(({ clientConfig }) => clientConfig.caBundle === undefined))
    return [
      bad(
        'webhook-unanswered',
        `the webhook ${name} has no caBundle: policies are stored unseen`,
        'Gatehouse writes it once it runs and may: see objects and permissions, and its log',
      ),
    ];
  const { failurePolicy = 'Fail' } = webhook;
  if ([admission.check, admission.prove].includes('enforce') && failurePolicy !== 'Fail')
    return [
      warning(
        'webhook-open',
        `the webhook ${name} has failurePolicy ${failurePolicy}: policies are stored unseen while Gatehouse is away`,
        'Gatehouse sets Fail once it is asked with a certificate that is believed: see `degraded` of gatehouse status',
      ),
    ];
  return [good('webhook', `the webhook ${name} has a caBundle, and failurePolicy ${failurePolicy}`)];
}
