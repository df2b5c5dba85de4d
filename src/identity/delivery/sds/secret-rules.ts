/**
 * Holds secrets to Envoy's own rules before they leave: once each, however many streams send them.
 * @module
 */
import { createRegistry } from '@bufbuild/protobuf';
import type { DataSource } from '../../../gen/envoy/config/core/v3/base_pb.ts';
import { type Secret, SecretSchema } from '../../../gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts';
import { SPIFFECertValidatorConfigSchema } from '../../../gen/envoy/extensions/transport_sockets/tls/v3/tls_spiffe_validator_config_pb.ts';
import { violations } from '../../../transport/pgv/violations.ts';
import type { DeliveryObserver } from '../delivery-deps.ts';

export interface SecretRules {
  /**
   * Whether the secret of that name keeps the rules; the observer is told once if it does not.
   *
   * @param content  what it is made from, an SVID or bundles, whose identity stands for what they hold; never empty
   * @param make  called if this secret has not been looked at yet
   */
  hold(content: readonly object[], name: string, make: () => Secret): boolean;
}

interface Verdict {
  readonly content: readonly object[];
  readonly holds: boolean;
}

const types = createRegistry(SPIFFECertValidatorConfigSchema);

/** Creates the judge of one endpoint; it forgets a verdict with the SVID or the bundle. */
export function createSecretRules(observer: Pick<DeliveryObserver, 'withheld'>): SecretRules {
  const verdicts = new WeakMap<object, Map<string, Verdict>>();
  return {
    hold(content, name, make) {
      const first = content[0]!; // never empty
      const byName = verdicts.get(first) ?? new Map<string, Verdict>();
      verdicts.set(first, byName);
      const before = byName.get(name);
      if (before !== undefined && isSame(before.content, content)) return before.holds;
      const broken = brokenRules(make());
      if (broken.length > 0) observer.withheld(name, broken);
      byName.set(name, { content, holds: broken.length === 0 });
      return broken.length === 0;
    },
  };
}

/** The rules of the proto, and two that Envoy has in its code: there is a key, and there is an authority. */
function brokenRules(secret: Secret): readonly string[] {
  const broken = violations(SecretSchema, secret, types);
  for (const [field, source] of needed(secret)) {
    const { specifier } = source ?? {};
    if (specifier?.case !== 'inlineBytes' || specifier.value.length === 0) broken.push(`${field}: empty`);
  }
  return broken;
}

function needed({ type }: Secret): readonly (readonly [field: string, source: DataSource | undefined])[] {
  if (type.case === 'tlsCertificate')
    return [
      ['tls_certificate.certificate_chain', type.value.certificateChain],
      ['tls_certificate.private_key', type.value.privateKey],
    ];
  // Without an authority Envoy would verify nobody at all.
  if (type.case === 'validationContext' && type.value.customValidatorConfig === undefined)
    return [['validation_context.trusted_ca', type.value.trustedCa]];
  return [];
}

function isSame(one: readonly object[], other: readonly object[]): boolean {
  return one.length === other.length && one.every((each, at) => each === other[at]);
}
