/**
 * A consumer of SDS that says of each answer what its test wants: as Envoy would, or nothing at all.
 * @module
 */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { Client, credentials } from '@grpc/grpc-js';
import type { DataSource } from '../../src/gen/envoy/config/core/v3/base_pb.ts';
import { SecretSchema } from '../../src/gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts';
import { SPIFFECertValidatorConfigSchema } from '../../src/gen/envoy/extensions/transport_sockets/tls/v3/tls_spiffe_validator_config_pb.ts';
import {
  type DiscoveryRequest,
  DiscoveryRequestSchema,
  type DiscoveryResponse,
  DiscoveryResponseSchema,
} from '../../src/gen/envoy/service/discovery/v3/discovery_pb.ts';

const STREAM_SECRETS = '/envoy.service.secret.v3.SecretDiscoveryService/StreamSecrets';
const SECRET_TYPE = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret';

export type Manner = 'acknowledges' | 'refuses' | 'is silent';

export interface SdsConsumer extends Disposable {
  /** Answers so far. */
  readonly answers: number;
  /** What the last answer held, PEM; undefined before the first. */
  readonly identity: { readonly cert: string; readonly key: string; readonly ca: string } | undefined;
  /** From now on; what was not answered is answered now. */
  behave(manner: Manner): void;
}

/** Opens a stream for certificate and roots. @param socket  `unix:/…` */
export function sdsConsumer(socket: string, first: Manner): SdsConsumer {
  const client = new Client(socket, credentials.createInsecure());
  const call = client.makeBidiStreamRequest(
    STREAM_SECRETS,
    (message: DiscoveryRequest) => Buffer.from(toBinary(DiscoveryRequestSchema, message)),
    (bytes) => fromBinary(DiscoveryResponseSchema, bytes),
  );
  const names = { resourceNames: ['default', 'ROOTCA'], typeUrl: SECRET_TYPE };
  let manner = first;
  let answers = 0;
  let open: DiscoveryResponse | undefined;
  let last: DiscoveryResponse | undefined;
  const say = (): void => {
    if (open === undefined || manner === 'is silent') return;
    const { nonce: responseNonce, versionInfo } = open;
    const errorDetail = manner === 'refuses' ? { code: 3, message: 'no', details: [] } : undefined;
    open = undefined;
    call.write(
      create(DiscoveryRequestSchema, { ...names, responseNonce, versionInfo, ...(errorDetail && { errorDetail }) }),
    );
  };
  call.on('data', (answer: DiscoveryResponse) => {
    answers += 1;
    last = answer;
    open = answer;
    say();
  });
  call.on('error', () => undefined); // the server is stopped before us, or we hang up
  call.write(create(DiscoveryRequestSchema, names));
  return {
    get answers() {
      return answers;
    },
    get identity() {
      return last && identityOf(last);
    },
    behave(next) {
      manner = next;
      say();
    },
    [Symbol.dispose]() {
      call.cancel();
      client.close();
    },
  };
}

function identityOf({ resources }: DiscoveryResponse): SdsConsumer['identity'] {
  let found = { cert: '', key: '', ca: '' };
  const text = (source: DataSource | undefined): string =>
    source?.specifier.case === 'inlineBytes' ? Buffer.from(source.specifier.value).toString() : '';
  for (const { value } of resources) {
    const { type } = fromBinary(SecretSchema, value);
    if (type.case === 'tlsCertificate') {
      found = { ...found, cert: text(type.value.certificateChain), key: text(type.value.privateKey) };
    } else if (type.case === 'validationContext') {
      const config = type.value.customValidatorConfig?.typedConfig;
      const domains = config ? fromBinary(SPIFFECertValidatorConfigSchema, config.value).trustDomains : [];
      found = { ...found, ca: domains.map(({ trustBundle }) => text(trustBundle)).join('') };
    }
  }
  return found;
}
