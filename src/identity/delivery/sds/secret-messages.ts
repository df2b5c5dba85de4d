/**
 * Envoy's Secret messages.
 * @module
 */
import { create, toBinary } from '@bufbuild/protobuf';
import { type Any, AnySchema } from '@bufbuild/protobuf/wkt';
import { type DataSource, DataSourceSchema } from '../../../gen/envoy/config/core/v3/base_pb.ts';
import { TypedExtensionConfigSchema } from '../../../gen/envoy/config/core/v3/extension_pb.ts';
import {
  CertificateValidationContextSchema,
  TlsCertificateSchema,
} from '../../../gen/envoy/extensions/transport_sockets/tls/v3/common_pb.ts';
import { type Secret, SecretSchema } from '../../../gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts';
import {
  SPIFFECertValidatorConfig_TrustDomainSchema,
  SPIFFECertValidatorConfigSchema,
} from '../../../gen/envoy/extensions/transport_sockets/tls/v3/tls_spiffe_validator_config_pb.ts';
import type { Bundle } from '../../../spiffe/bundle.ts';
import type { X509Svid } from '../../../spiffe/svid.ts';
import { certificatesToPem, toPem } from '../../pki/pem.ts';

const TYPE_PREFIX = 'type.googleapis.com/';
/** The type URL of every resource of SDS. */
export const SECRET_TYPE_URL = `${TYPE_PREFIX}${SecretSchema.typeName}`;
const SPIFFE_VALIDATOR = 'envoy.tls.cert_validator.spiffe';

/** A certificate chain and its key, inline. */
export function certificateSecret(name: string, { chain, privateKey }: X509Svid): Secret {
  return create(SecretSchema, {
    name,
    type: {
      case: 'tlsCertificate',
      value: create(TlsCertificateSchema, {
        certificateChain: inline(certificatesToPem(chain)),
        privateKey: inline(privateKey === undefined ? '' : toPem('PRIVATE KEY', privateKey)),
      }),
    },
  });
}

/**
 * What verifies peers. With the SPIFFE validator each trust domain verifies only its own SVIDs. Without it Envoy has one list
 * of authorities for all peers, so only the first bundle goes in: bundles must never be merged (Trust Domain and Bundle §3).
 */
export function validationSecret(name: string, bundles: readonly Bundle[], spiffeValidator: boolean): Secret {
  const value = spiffeValidator
    ? create(CertificateValidationContextSchema, { customValidatorConfig: spiffeConfig(bundles) })
    : create(CertificateValidationContextSchema, { trustedCa: inline(certificatesToPem(bundles[0]!.x509Authorities)) });
  return create(SecretSchema, { name, type: { case: 'validationContext', value } });
}

function spiffeConfig(bundles: readonly Bundle[]) {
  const trustDomains = bundles
    .filter(({ x509Authorities }) => x509Authorities.length > 0) // Envoy takes no empty one; absent, nothing verifies
    .map(({ trustDomain, x509Authorities }) =>
      create(SPIFFECertValidatorConfig_TrustDomainSchema, {
        name: trustDomain,
        trustBundle: inline(certificatesToPem(x509Authorities)),
      }),
    )
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const config = create(SPIFFECertValidatorConfigSchema, { trustDomains });
  return create(TypedExtensionConfigSchema, {
    name: SPIFFE_VALIDATOR,
    typedConfig: create(AnySchema, {
      typeUrl: `${TYPE_PREFIX}${SPIFFECertValidatorConfigSchema.typeName}`,
      value: toBinary(SPIFFECertValidatorConfigSchema, config),
    }),
  });
}

/** A secret as a resource of a discovery response. */
export function asResource(secret: Secret): Any {
  return create(AnySchema, { typeUrl: SECRET_TYPE_URL, value: toBinary(SecretSchema, secret) });
}

function inline(pem: string): DataSource {
  return create(DataSourceSchema, { specifier: { case: 'inlineBytes', value: Buffer.from(pem) } });
}
