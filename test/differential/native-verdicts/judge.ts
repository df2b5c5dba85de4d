/**
 * Verdicts of Envoys that decide themselves, held against those of Envoys that ask about everything: the same questions to both.
 * @module
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import fc from 'fast-check';
import { importKeySets } from '../../../src/authz/jwks/import-key-sets.ts';
import { POLICY_PREFIX } from '../../../src/authz/native/names.ts';
import { configsOf } from '../../../src/authz/native/native-config.ts';
import { tokenKeysOf } from '../../../src/authz/native/tokens/token-keys.ts';
import { compileSnapshot } from '../../../src/policy/compile/compile-snapshot.ts';
import { type NativePolicy, nativePolicyOf } from '../../../src/policy/compile-envoy/native-policy.ts';
import type { NativeSettings } from '../../../src/policy/compile-envoy/native-settings.ts';
import { encodeTree } from '../../../src/policy/compile-envoy/tree/encode-tree.ts';
import { bytesField, toBytes } from '../../../src/policy/compile-envoy/tree/proto-bytes.ts';
import type { Node } from '../../../src/policy/compile-envoy/tree/tree.ts';
import { treesOf, type WorkloadTrees } from '../../../src/policy/compile-envoy/workload-trees.ts';
import { loadPolicies } from '../../../src/policy/load.ts';
import type { PolicyModel } from '../../../src/policy/model.ts';
import { readPolicies } from '../../../src/policy/read-policies.ts';
import { tokenRulesOf } from '../../../src/server/policy/token-rules.ts';
import type { NativeCaller } from '../../support/native-envoy.ts';
import { makeCertificate } from '../../support/openssl-ca.ts';
import { ownAddress } from '../../support/own-address.ts';
import type { RunningEnvoy } from '../../support/run-envoy.ts';
import { gatehouseJson, runGatehouse } from '../../support/run-gatehouse.ts';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';
import { type Answer, type Clients, createClients } from './clients.ts';
import { type DrawnSettings, drawPolicies, type Place, placeNames } from './draw-policies.ts';
import { arbitraryQuestion, drawnCallers, type Question } from './draw-questions.ts';
import { createTokens, type Tokens } from './draw-tokens.ts';
import { kindsOf, type Tally } from './tally.ts';
import { runTwins, type Twin, workloadOf } from './twins.ts';

/** What stays the same from batch to batch: certificates and tokens. */
export interface Equipment extends AsyncDisposable {
  readonly dir: TempDir;
  readonly callers: readonly NativeCaller[];
  readonly tokens: Tokens;
}

/** Makes certificates of all callers and places, and tokens. */
export async function createEquipment(): Promise<Equipment> {
  const dir = await tempDir();
  makeCertificate(dir, { name: 'roots', commonName: 'roots' });
  const leaf =
    'basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\n';
  for (const name of placeNames)
    makeCertificate(dir, {
      ...{ name, issuer: 'roots', key: 'server' },
      extensions: `${leaf}subjectAltName=URI:${workloadOf({ name })}\n`,
    });
  const callers = drawnCallers.map(({ uris, dnsNames }, i) => {
    const alt = [...uris.map((uri, n) => `URI.${n}=${uri}`), ...dnsNames.map((dns, n) => `DNS.${n}=${dns}`)];
    const extensions = alt.length === 0 ? leaf : `${leaf}subjectAltName=@alt\n[alt]\n${alt.join('\n')}\n`;
    const cert = makeCertificate(dir, { name: `c${i}`, issuer: 'roots', key: 'caller', extensions });
    return { cert, key: readFileSync(dir.at('caller.key'), 'utf8') };
  });
  return { dir, callers, tokens: await createTokens(), [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose]() };
}

/** Changes the tree that the Envoy of a place is given, to plant a fault. */
export type Spoil = (tree: Node, place: Place) => Node;

/** What is judged, and where it is counted. */
export interface Batch {
  readonly seed: number;
  readonly verdicts: number;
  readonly tallyOf: (place: Place) => Pick<Tally, 'count'>;
  readonly spoil?: Spoil;
}

/** Judges one batch: settings, policies and questions of that seed. Answers how many connections were decided without being asked about. */
export async function judgeBatch(equipment: Equipment, { seed, verdicts, tallyOf, spoil }: Batch): Promise<number> {
  const { dir, tokens } = equipment;
  const drawn = drawPolicies(seed, tokens.jwks);
  // Of this batch alone: what another one has revoked is not revoked here.
  const name = `batch-${randomUUID()}`;
  await mkdir(dir.at(`${name}/policies`), { recursive: true });
  const text = [drawn.everywhere, ...drawn.places.flatMap(({ documents }) => documents)].join('\n---\n');
  await writeFile(dir.at(`${name}/policies/p.yaml`), text);
  const file = dir.at(`${name}/gatehouse.yaml`);
  await writeFile(file, configuration(drawn.settings));
  await using gatehouse = await runGatehouse(file);
  const { revoked } = drawn.settings;
  if (revoked !== undefined)
    await gatehouseJson(
      ...['svid', 'revoke', '--id', revoked, '--reason', 'drawn', '--override', '--admin', gatehouse.ready.admin],
    );
  const twins = await twinsOf(text, drawn, spoil);
  const checks = Number(gatehouse.ready.extAuthz.split(':').at(-1));
  await using envoy = await runTwins(dir, twins, { name, ...drawn.settings, checks });
  using clients = createClients();
  const ports = await portsOf(envoy, drawn.places);
  // A connection costs several times what a request on an open one does, and there is less to ask of it.
  const weights = drawn.places.map(({ kind }) => (kind === 'tcp' ? 1 : 4));
  const questions = fc.sample(arbitraryQuestion(weights, Object.keys(tokens.texts)), { numRuns: verdicts, seed });
  const one = async (question: Question): Promise<void> => {
    const place = drawn.places[question.place]!;
    const asked = { ...question, ...seenBy(question, place, tokens) };
    const [native, asking] = await Promise.all(
      ports[question.place]!.map((port) => ask(clients, equipment, port, { place, asked })),
    );
    tallyOf(place).count(kindsOf(asked, place, drawn.settings), native!, asking!, () => {
      const who = asked.caller === undefined ? 'nobody' : JSON.stringify(drawnCallers[asked.caller]);
      const how =
        place.kind === 'tcp'
          ? `tcp ${asked.serverName}`
          : `http/${asked.isHttp2 ? 2 : 1} ${JSON.stringify(asked.request)}`;
      return `seed ${seed}: ${place.name} (${place.kind}) ${how} by ${who}, ${JSON.stringify(question.tokens)}`;
    });
  };
  for (let i = 0; i < questions.length; i += 32) await Promise.all(questions.slice(i, i + 32).map(one));
  // Of connections Envoy tells nobody, but each is asked about once by one of the twins, and by the other where its tree hands over.
  const connections = questions.filter(({ place }) => drawn.places[place]!.kind === 'tcp').length;
  return 2 * connections - (await envoy.stat('ext_authz.gatehouse.total'));
}

const configuration = ({ aliases, peerTrustDomains, ambiguousRequests, absence }: DrawnSettings): string =>
  JSON.stringify({
    ...{ trustDomain: 'cluster.local', trustDomainAliases: aliases, policies: { absence } },
    listen: { extAuthz: '127.0.0.1:0', health: '127.0.0.1:0' },
    extAuthz: { verifyPeer: 'off', peerTrustDomains, ambiguousRequests },
    log: { level: 'error' },
  });

/** The model of these documents as the server has it. @throws Error for one that is refused */
function modelOf(text: string, { aliases, absence }: DrawnSettings): PolicyModel {
  const options = {
    trustDomain: 'cluster.local',
    trustDomainAliases: aliases,
    rootNamespace: 'istio-system',
    customProviders: {},
  };
  const file = readPolicies('p.yaml', text, options);
  const { model, findings } = loadPolicies([file], { generation: 1, absence, rootNamespace: 'istio-system' });
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join('\n'));
  return model;
}

async function twinsOf(
  text: string,
  { settings, places }: ReturnType<typeof drawPolicies>,
  spoil: Spoil | undefined,
): Promise<readonly Twin[]> {
  const model = modelOf(text, settings);
  const documents = tokenRulesOf(model).flatMap(({ keys }) =>
    keys.from === 'inline' ? [[keys.id, { jwks: keys.jwks, failure: undefined, fetchedAt: 0 }] as const] : [],
  );
  const keySets = tokenKeysOf(await importKeySets({ generation: 1, documents: new Map(documents) }));
  const { decide } = compileSnapshot(model, { allowEmpty: false });
  const { peerTrustDomains, ambiguousRequests, aliases } = settings;
  const native: NativeSettings = {
    ...{ trustDomains: ['cluster.local', ...aliases], verifyPeer: 'off', allowEmpty: false },
    ...{ peerTrustDomains, ambiguousRequests, keySets, decide },
  };
  return places.map((place) => {
    const account = {
      spiffeId: workloadOf(place),
      namespace: place.name,
      serviceAccount: 'details',
      labels: undefined,
    };
    const gateway = place.kind === 'gateway' ? { trustedHops: place.hops, isGateway: true } : {};
    const workload = { ...account, ...gateway };
    const policy = nativePolicyOf(model, workload, native);
    if (spoil === undefined) return { place, configs: configsOf(policy) };
    const trees = treesOf(model, workload, native) as WorkloadTrees; // nothing of it asks about everything
    return { place, configs: configsOf(withTrees(policy, spoil(trees.http, place), spoil(trees.network, place))) };
  });
}

/** The same policy with other trees, without what a dry run would do. */
function withTrees(policy: NativePolicy, http: Node, network: Node): NativePolicy {
  const [ofHttp, ofTcp] = [encodeTree(http).bytes, encodeTree(network).bytes];
  return {
    ...policy,
    http: toBytes(bytesField(4, ofHttp) + bytesField(6, POLICY_PREFIX)),
    network: toBytes(
      bytesField(3, 'spoiled') + bytesField(6, ofTcp) + bytesField(7, ofTcp) + bytesField(5, POLICY_PREFIX),
    ),
  };
}

async function portsOf(envoy: RunningEnvoy, places: readonly Place[]): Promise<readonly (readonly number[])[]> {
  const ports: number[][] = [];
  for (const { name } of places) ports.push([await envoy.port(`${name}.native`), await envoy.port(`${name}.asking`)]);
  return ports;
}

/** The question as it reaches a place of that kind. */
function seenBy({ request, tokens, forwarded, caller }: Question, place: Place, { texts }: Tokens) {
  const headers = [...request.headers];
  if (place.hasTokens)
    for (const [header, token] of tokens)
      headers.push([header, header === 'authorization' ? `Bearer ${texts[token]}` : texts[token]!]);
  if (place.kind === 'gateway' && forwarded !== undefined) headers.push(['x-forwarded-for', forwarded]);
  const shown = place.kind === 'gateway' ? undefined : place.kind === 'tcp' ? (caller ?? 0) : caller;
  return { request: { ...request, headers }, caller: shown };
}

function ask(
  clients: Clients,
  { callers }: Equipment,
  port: number,
  { place, asked }: { readonly place: Place; readonly asked: Question },
): Promise<Answer> {
  // Connections for requests are kept: by few names of servers there are fewer.
  const serverName = place.kind === 'tcp' ? asked.serverName : 'a.com';
  const caller = asked.caller === undefined ? undefined : callers[asked.caller];
  // Of callers of its own machine a gateway does not know the address.
  const from = place.kind !== 'gateway' || asked.isOfMachine ? {} : { from: ownAddress() };
  const who = { name: `${asked.caller} ${asked.isOfMachine}`, caller, serverName, ...from };
  if (place.kind === 'tcp') return clients.tcp(port, who);
  return asked.isHttp2 ? clients.http2(port, who, asked.request) : clients.http1(port, who, asked.request);
}
