/**
 * Recorded worlds once more, now through a real Envoy that walks our trees: each request is sent again, and the action that Envoy names is
 * held against our own walk of the tree and against the decision.
 * @module
 */
import { readFileSync } from 'node:fs';
import { fromBinary } from '@bufbuild/protobuf';
import { distinguishedNameText } from '../../src/authz/facts/distinguished-name.ts';
import { CheckRequestSchema } from '../../src/gen/envoy/service/auth/v3/external_auth_pb.ts';
import { readCertificate } from '../../src/identity/pki/certificate.ts';
import { fromPem } from '../../src/identity/pki/pem.ts';
import { compileSnapshot } from '../../src/policy/compile/compile-snapshot.ts';
import { interpretTree } from '../../src/policy/compile-envoy/tree/interpret-tree.ts';
import { treesOf, type WorkloadTrees } from '../../src/policy/compile-envoy/workload-trees.ts';
import type { Destination, Facts } from '../../src/policy/facts.ts';
import { parseSpiffeId, serviceAccountOf } from '../../src/spiffe/spiffe-id.ts';
import {
  askHttp,
  askHttp2,
  askTcp,
  type NativeCaller,
  type NativeRequest,
  runNativeEnvoy,
} from '../support/native-envoy.ts';
import { derOf, makeCertificate } from '../support/openssl-ca.ts';
import { type PlainFacts, plainFacts } from '../support/plain-facts.ts';
import { seenByEnvoy } from '../support/seen-by-envoy.ts';
import { type TempDir, tempDir } from '../support/temp-dir.ts';
import { type Vector, type WorldSettings, worldModel } from './world.ts';

/** A world, and its questions with their certificates. */
export interface NativeWorld {
  readonly settings: WorldSettings;
  readonly policies: Readonly<Record<string, string>>;
  readonly vectors: readonly Vector[];
}

/** What one world came to. */
export interface NativeOutcome {
  readonly problems: readonly string[];
  /** How often Envoy decided, and how often it would have asked. */
  readonly decided: number;
  readonly asked: number;
}

interface Place {
  readonly name: string;
  readonly destination: Destination;
  readonly trees: WorkloadTrees;
}

/** Plays a world. `spoil` may plant a fault into the trees that Envoy is given. */
export async function playNativeWorld(
  { settings, policies, vectors }: NativeWorld,
  spoil: (trees: WorkloadTrees) => WorkloadTrees = (trees) => trees,
): Promise<NativeOutcome> {
  const model = worldModel(policies, settings);
  const snapshot = compileSnapshot(model, { allowEmpty: true });
  const places = new Map<string, Place>();
  const asks: { readonly vector: Vector; readonly place: Place }[] = [];
  for (const vector of vectors) {
    const destination = destinationOf(vector);
    const name = JSON.stringify([destination.spiffeId, [...(destination.labels ?? [])]]);
    let place = places.get(name);
    if (place === undefined) {
      const trees = treesOf(model, destination, {
        trustDomains: [settings.trust_domain, ...(settings.trust_domain_aliases ?? [])],
        verifyPeer: 'off',
        peerTrustDomains: 'any',
        ambiguousRequests: 'asUpstream',
        allowEmpty: true,
      });
      if ('everything' in trees) continue;
      place = { name: `p${places.size}`, destination, trees };
      places.set(name, place);
    }
    asks.push({ vector, place });
  }
  await using dir = await tempDir();
  const callers = createCallers(dir);
  await using envoy = await runNativeEnvoy(
    dir,
    [...places.values()].map(({ name, trees }) => ({ name, ...spoil(trees) })),
  );
  const problems: string[] = [];
  let decided = 0;
  let asked = 0;
  for (const [i, { vector, place }] of asks.entries()) {
    const { caller, peerNames } = callers.of(vector);
    const kind = vector.kind === 'http' ? 'http' : 'tcp';
    const port = await envoy.port(`${place.name}.${kind}`);
    const isHttp2 = i % 2 === 1;
    const request = requestOf(vector, isHttp2);
    const facts = factsOf(request, { destination: place.destination, destinationPort: port, peerNames, kind });
    const action = interpretTree(kind === 'http' ? place.trees.http : place.trees.network, seenByEnvoy(facts))!; // trees end in one
    const { effect } = snapshot.decide(facts);
    if (action.name.startsWith('n:')) decided++;
    else asked++;
    const expected = kind === 'tcp' ? String(action.effect === 'allow') : `${action.effect} ${action.name}`;
    let got: string;
    if (kind === 'tcp') got = String(await askTcp(port, caller));
    else
      got = await (isHttp2 ? askHttp2 : askHttp)(port, caller, request).catch(
        (thrown: Error) => `error ${thrown.message}`,
      );
    if (got === '') continue; // no filter saw it
    if (got !== expected)
      problems.push(
        `${vector.id} ${request.method} ${request.path} ${JSON.stringify(peerNames)}: Envoy says ${got}, our walk ${expected}`,
      );
    if (action.name.startsWith('n:') && action.effect !== effect)
      problems.push(`${vector.id}: ${action.name}, the decision is ${effect}`);
  }
  return { problems, decided, asked };
}

const questionOf = ({ check }: Vector) => fromBinary(CheckRequestSchema, Buffer.from(check, 'base64')).attributes;

function destinationOf(vector: Vector): Destination {
  const { principal: spiffeId = '', labels = {} } = questionOf(vector)?.destination ?? {};
  const account = serviceAccountOf(parseSpiffeId(spiffeId));
  return {
    spiffeId,
    namespace: account?.namespace ?? '',
    serviceAccount: account?.serviceAccount ?? '',
    labels: new Map(Object.entries(labels)),
  };
}

/** Lines that a client cannot send as they stand, or that are written anew. */
const notSent =
  /^(:|host$|connection$|x-forwarded|x-request-id|x-envoy|content-length|transfer-encoding|te$|upgrade|expect)/;

/** The request as Envoy's filters see it: of HTTP/2 the lines of `cookie` are one (RFC 9113 §8.2.3). */
function requestOf(vector: Vector, isHttp2: boolean): NativeRequest {
  const http = questionOf(vector)?.request?.http;
  const text = (value: Uint8Array | string): string =>
    typeof value === 'string' ? value : Buffer.from(value).toString('latin1');
  const lines =
    http?.headerMap?.headers.map(
      ({ key, value, rawValue }) => [key, rawValue.length > 0 ? text(rawValue) : value] as const,
    ) ?? Object.entries(http?.headers ?? {});
  const sent = lines.filter(([name]) => !notSent.test(name));
  const crumbs = sent.filter(([name]) => name === 'cookie').map(([, value]) => value);
  const cookie = crumbs.length === 0 ? [] : [['cookie', crumbs.join('; ')] as const];
  return {
    method: http?.method ?? '',
    path: http?.path ?? '',
    host: http?.host ?? '',
    headers: isHttp2 ? [...sent.filter(([name]) => name !== 'cookie'), ...cookie] : sent,
  };
}

function factsOf(
  { method, path, host, headers }: NativeRequest,
  {
    destination,
    destinationPort,
    peerNames,
    kind,
  }: {
    readonly destination: Destination;
    readonly destinationPort: number;
    readonly peerNames: readonly string[];
    readonly kind: 'http' | 'tcp';
  },
): Facts {
  const lines: Record<string, string[]> = { ':method': [method], ':path': [path], ':authority': [host] };
  for (const [name, value] of headers) lines[name] = [...(lines[name] ?? []), value];
  const connection = {
    destination,
    destinationPort,
    peerNames,
    sourcePrincipal: peerNames[0] ?? '',
    source: '127.0.0.1',
    address: '127.0.0.1',
  };
  const facts: PlainFacts =
    kind === 'tcp'
      ? { ...connection, protocol: 'tcp', method: '' }
      : { ...connection, protocol: 'http', method, path: path.split('?', 1)[0] ?? '', host, headers: lines };
  return plainFacts(kind === 'tcp' ? ({ ...facts, path: undefined } as unknown as PlainFacts) : facts); // undefined means the same as absent
}

/** Certificates with the names of the recorded ones, made once each. */
function createCallers(dir: TempDir) {
  makeCertificate(dir, { name: 'roots', commonName: 'roots' });
  const leaf =
    'basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\n';
  makeCertificate(dir, { name: 'server', issuer: 'roots', extensions: `${leaf}subjectAltName=DNS:localhost\n` });
  const known = new Map<string, { readonly caller: NativeCaller; readonly peerNames: readonly string[] }>();
  return {
    of(vector: Vector) {
      const text = questionOf(vector)?.source?.certificate ?? '';
      let made = known.get(text);
      if (made === undefined) {
        made = text === '' ? { caller: undefined, peerNames: [] } : makeTwin(dir, text, `c${known.size}`, leaf);
        known.set(text, made);
      }
      return made;
    },
  };
}

function makeTwin(dir: TempDir, encoded: string, name: string, leaf: string) {
  const { names, subject } = readCertificate(fromPem('CERTIFICATE', decodeURIComponent(encoded))[0]!);
  const commonName = /(?:^|,)CN=([^,+\\]+)/.exec(distinguishedNameText(subject))?.[1] ?? '';
  const alt = [...names.uris.map((uri, i) => `URI.${i}=${uri}`), ...names.dnsNames.map((dns, i) => `DNS.${i}=${dns}`)];
  const extensions = alt.length === 0 ? leaf : `${leaf}subjectAltName=@alt\n[alt]\n${alt.join('\n')}\n`;
  const cert = makeCertificate(dir, { name, issuer: 'roots', key: 'caller', commonName, extensions });
  const own = readCertificate(derOf(cert));
  const text = distinguishedNameText(own.subject);
  return {
    caller: { cert, key: keyOf(dir) },
    peerNames: [...own.names.uris, ...own.names.dnsNames, ...(text === '' ? [] : [text])],
  };
}

const keyOf = (dir: TempDir): string => readFileSync(dir.at('caller.key'), 'utf8');
