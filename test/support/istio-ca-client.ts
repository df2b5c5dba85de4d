/**
 * Istio's CA API as an agent calls it.
 * @module
 */
import { readFile } from 'node:fs/promises';
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { IstioCertificateRequestSchema, IstioCertificateResponseSchema } from '../../src/gen/istio/v1/auth/ca_pb.ts';
import { newEcKey, openssl } from './openssl.ts';
import type { RunningGatehouse } from './run-gatehouse.ts';
import { type ClientIdentity, mustBe } from './svid-of.ts';
import type { TempDir } from './temp-dir.ts';

export type CaAnswer = { readonly chain: readonly string[] } | { readonly code: number; readonly text: string };

/** CreateCertificate. @param headers  metadata of the call, such as `authorization` */
export async function askIstioCa(
  server: RunningGatehouse,
  { ca, key, cert }: Pick<ClientIdentity, 'ca'> & Partial<ClientIdentity>,
  request: MessageInitShape<typeof IstioCertificateRequestSchema>,
  headers: Readonly<Record<string, string>> = {},
): Promise<CaAnswer> {
  const pem = (text: string | undefined) => (text === undefined ? null : Buffer.from(text));
  const checkServerIdentity = mustBe('spiffe://cluster.local/gatehouse/authority');
  const client = new Client(
    server.ready.istioCa ?? '',
    credentials.createSsl(Buffer.from(ca), pem(key), pem(cert), { checkServerIdentity }),
  );
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.add(name, value);
  try {
    return await new Promise<CaAnswer>((resolve) => {
      client.makeUnaryRequest(
        '/istio.v1.auth.IstioCertificateService/CreateCertificate',
        (bytes: Uint8Array) => Buffer.from(bytes),
        (bytes: Buffer) => fromBinary(IstioCertificateResponseSchema, bytes).certChain,
        toBinary(IstioCertificateRequestSchema, create(IstioCertificateRequestSchema, request)),
        metadata,
        { deadline: Date.now() + 20_000 },
        (error: ServiceError | null, chain?: string[]) =>
          resolve(chain ? { chain } : { code: error?.code ?? -1, text: error?.details ?? '' }),
      );
    });
  } finally {
    client.close();
  }
}

/** A request that claims to be somebody else; its key is in `new.key` of the directory. */
export async function boastfulCsr(dir: TempDir): Promise<string> {
  const made = openssl([
    ...['req', '-new', ...newEcKey, '-subj', '/CN=admin'],
    ...['-addext', 'subjectAltName=URI:spiffe://cluster.local/ns/kube-system/sa/admin,DNS:bank.test'],
    ...['-keyout', dir.at('new.key'), '-out', dir.at('new.csr')],
  ]);
  if (!made.ok) throw new Error(made.text);
  return readFile(dir.at('new.csr'), 'utf8');
}
