/**
 * Proves a new authority before it is published: it signs a certificate that goes nowhere, and our verifier and OpenSSL judge
 * the whole chain. What they would refuse of it they would refuse of every SVID.
 * @module
 */
import { once } from 'node:events';
import { duplexPair } from 'node:stream';
import { connect, createServer, type TLSSocket } from 'node:tls';
import type { Bundle } from '../../../spiffe/bundle.ts';
import { parseSpiffeId } from '../../../spiffe/spiffe-id.ts';
import type { TrustDomain } from '../../../spiffe/trust-domain.ts';
import { generateKeyDer } from '../../pki/key-type.ts';
import { certificatesToPem, toPem } from '../../pki/pem.ts';
import { verifySvidChain } from '../../pki/svid-chain.ts';
import type { Signer } from '../keys/signer.ts';
import { type NewAuthority, prepare } from '../rotate/slots.ts';
import { bundleOf, emptyState } from '../store/state.ts';
import { createX509Issuer } from './x509-issuer.ts';

const PROOF_TTL_MS = 60_000;

/** Why verifiers would refuse what the authority signs at `atMs`; undefined: they would not. */
export async function whyRefused(
  fresh: NewAuthority,
  signer: Signer,
  trustDomain: TrustDomain,
  atMs: number,
): Promise<string | undefined> {
  const state = prepare(emptyState(trustDomain), fresh, atMs);
  const bundle = bundleOf(state, 0, atMs);
  const [authority] = state.authorities;
  const key = await generateKeyDer('ec-p256');
  const spiffeId = parseSpiffeId(`spiffe://${trustDomain}/gatehouse/proof`);
  const { chain } = await createX509Issuer(authority!, signer).sign({
    ...{ spiffeId, dnsNames: [], key, ttlMs: PROOF_TTL_MS, atMs },
  });
  const ours = verifySvidChain(chain, bundle, atMs);
  if (!ours.ok) return `our verifier refuses what is signed under it: ${ours.detail}`;
  const byOpenssl = await judgeByOpenssl(chain, key.pkcs8, bundle);
  return byOpenssl && `OpenSSL refuses what is signed under it: ${byOpenssl}`;
}

/** It judges by the machine's clock; `atMs` has been judged by our own verifier. */
const onlyTime: ReadonlySet<string> = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID']);

/** Shows the chain to OpenSSL in both roles, in one handshake within this process. */
async function judgeByOpenssl(
  chain: readonly Uint8Array[],
  pkcs8: Uint8Array,
  { x509Authorities }: Bundle,
): Promise<string | undefined> {
  const identity = {
    cert: certificatesToPem(chain),
    key: toPem('PRIVATE KEY', pkcs8),
    ca: certificatesToPem(x509Authorities),
    rejectUnauthorized: false,
  };
  const server = createServer({ ...identity, requestCert: true });
  const [near, far] = duplexPair();
  try {
    const accepted = once(server, 'secureConnection');
    server.emit('connection', far);
    const client = connect({ ...identity, socket: near, checkServerIdentity: () => undefined });
    await once(client, 'secureConnect');
    const [callee] = (await accepted) as [TLSSocket]; // Node's event
    return [client, callee]
      .map((each) => String(each.authorizationError ?? ''))
      .find((code) => code !== '' && !onlyTime.has(code));
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  } finally {
    near.destroy();
    far.destroy();
  }
}
