/**
 * `attestation.kubernetes` as the program uses it.
 * @module
 */
import { parseTrustDomain } from '../spiffe/trust-domain.ts';
import type { KubernetesAttestationConfig } from './config.ts';
import { parseDuration } from './duration.ts';
import type { ConfigDocument } from './schema.ts';

type AttestationDocument = NonNullable<ConfigDocument['attestation']['kubernetes']>;

/** Of a checked document. */
export function kubernetesAttestation(written: AttestationDocument): KubernetesAttestationConfig {
  const { audience, verify, implicit, nodeName, nodeProxies, clusterId, renewFor } = written;
  const selector = implicit.namespaceSelector;
  return {
    audiences: typeof audience === 'string' ? [audience] : audience,
    verify,
    implicit: {
      namespaces: implicit.namespaces,
      labelSelector: selector && labelSelectorText(selector),
      federatesWith: implicit.federatesWith.map(parseTrustDomain),
    },
    nodeName: nodeName === '' ? undefined : nodeName,
    nodeProxies,
    clusterId: clusterId === '' ? undefined : clusterId,
    renewForMs: parseDuration(renewFor)!,
  };
}

type LabelSelector = NonNullable<AttestationDocument['implicit']['namespaceSelector']>;

/** As the API server takes it in a query. */
function labelSelectorText({ matchLabels, matchExpressions }: LabelSelector): string {
  const expression = ({ key, operator, values }: LabelSelector['matchExpressions'][number]): string =>
    ({
      In: `${key} in (${values.join(',')})`,
      NotIn: `${key} notin (${values.join(',')})`,
      Exists: key,
      DoesNotExist: `!${key}`,
    })[operator];
  return [
    ...Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`),
    ...matchExpressions.map(expression),
  ].join(',');
}
