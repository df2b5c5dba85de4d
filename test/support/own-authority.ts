/**
 * A tiny authority made with openssl, for tests of delivery: it shares no code with the real one.
 * @module
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { GatehouseError } from '../../src/errors.ts';
import type { Acknowledgement, IdentitySource, X509Request } from '../../src/identity/source/identity-source.ts';
import { createWatchable, type WatchableSource } from '../../src/lib/watchable.ts';
import type { Bundle, BundleSet, OwnBundle } from '../../src/spiffe/bundle.ts';
import { parseTrustDomain, type TrustDomain } from '../../src/spiffe/trust-domain.ts';
import { newEcKey, openssl } from './openssl.ts';

export interface OwnAuthority extends IdentitySource {
  readonly bundles: WatchableSource<BundleSet>;
  readonly renewals: WatchableSource<number>;
  readonly crls: WatchableSource<readonly Uint8Array[]>;
  /** Everything it was told, in order. */
  readonly words: Acknowledgement[];
  readonly forgotten: string[];
  readonly requests: X509Request[];
  /** What `issueX509` throws from now on; undefined: it issues. */
  failure: GatehouseError | undefined;
  /** What `issueX509` waits for before it signs. */
  holding: Promise<void> | undefined;
  /** What `renewAt` answers. */
  renewAtIs: number;
  /** Publishes the same authorities, and perhaps more, under the next sequence: alone that is no news to who takes X.509. */
  publish(more?: readonly Uint8Array[]): void;
  /** Publishes another key of the JWT authorities, or the first. */
  publishKey(keyId: string): void;
}

/** DER of a self-signed CA, and the files that sign with it. */
export function makeRoot(directory: string, name: string, trustDomain: string): Uint8Array {
  const at = (suffix: string) => `${directory}/${name}.${suffix}`;
  const extensions = [
    'basicConstraints=critical,CA:true',
    'keyUsage=critical,keyCertSign,cRLSign',
    `subjectAltName=URI:spiffe://${trustDomain}`,
  ].flatMap((each) => ['-addext', each]);
  const made = openssl([
    ...['req', '-x509', ...newEcKey, '-days', '1', '-subj', `/CN=${name}`],
    ...[...extensions, '-keyout', at('key'), '-out', at('pem')],
  ]);
  if (!made.ok) throw new Error(made.text);
  return openssl(['x509', '-in', at('pem'), '-outform', 'DER']).stdout;
}

/** Opens one in a directory of its own. */
export function openOwnAuthority(directory: string, name = 'cluster.local'): OwnAuthority {
  const trustDomain = parseTrustDomain(name);
  const root = makeRoot(directory, 'root', name);
  let own: OwnBundle = {
    trustDomain,
    sequence: 1,
    refreshHintSeconds: 300,
    x509Authorities: [root],
    jwtAuthorities: [],
  };
  const bundles = createWatchable<BundleSet>({ own, intermediates: [], federated: new Map<TrustDomain, Bundle>() });
  const words: Acknowledgement[] = [];
  const forgotten: string[] = [];
  const requests: X509Request[] = [];
  let serial = 0x1000;
  const authority: OwnAuthority = {
    trustDomain,
    bundles,
    renewals: createWatchable(0),
    crls: createWatchable<readonly Uint8Array[]>([]),
    words,
    forgotten,
    requests,
    failure: undefined,
    holding: undefined,
    renewAtIs: Number.POSITIVE_INFINITY,
    async issueX509(request) {
      requests.push(request);
      await authority.holding;
      if (authority.failure !== undefined) throw authority.failure;
      serial += 1;
      const { spiffeId } = request.entitlement;
      const at = (suffix: string) => `${directory}/leaf-${serial}.${suffix}`;
      writeFileSync(
        at('ext'),
        `subjectAltName=critical,URI:${spiffeId}\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\n`,
      );
      const steps = [
        ['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', at('pem')],
        ['pkcs8', '-topk8', '-nocrypt', '-in', at('pem'), '-outform', 'DER', '-out', at('key')],
        ['req', '-new', '-key', at('key'), '-keyform', 'DER', '-subj', '/', '-out', at('csr')],
        [
          ...['x509', '-req', '-in', at('csr'), '-CA', `${directory}/root.pem`, '-CAkey', `${directory}/root.key`],
          ...['-set_serial', String(serial), '-days', '1', '-extfile', at('ext'), '-outform', 'DER', '-out', at('der')],
        ],
      ];
      for (const step of steps) {
        const made = openssl(step);
        if (!made.ok) throw new Error(made.text);
      }
      return {
        spiffeId,
        chain: [readFileSync(at('der'))],
        privateKey: readFileSync(at('key')),
        serial: serial.toString(16),
        notBeforeAt: Date.now(),
        notAfterAt: Date.now() + 86_400_000,
        authorityId: 'root',
      };
    },
    issueJwt: () => Promise.reject(new GatehouseError('not_supported', 'no JWT authority')),
    acknowledge: (word) => void words.push(word),
    forget: (consumer) => void forgotten.push(consumer),
    renewAt: () => authority.renewAtIs,
    publishKey(keyId) {
      const jwk = { kty: 'EC', crv: 'P-256', x: keyId, y: keyId };
      own = { ...own, sequence: own.sequence + 1, jwtAuthorities: [...own.jwtAuthorities, { keyId, jwk }] };
      bundles.replace({ ...bundles.value, own });
    },
    publish(more = []) {
      own = { ...own, sequence: own.sequence + 1, x509Authorities: [...own.x509Authorities, ...more] };
      bundles.replace({ ...bundles.value, own });
    },
  };
  return authority;
}
