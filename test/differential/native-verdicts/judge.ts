/**
 * Verdicts of Envoys that decide themselves, held against those of Envoys that ask about everything: the same questions to both.
 * @module
 */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { importKeySets } from '../../../src/authz/jwks/import-key-sets.ts';
import { POLICY_PREFIX } from '../../../src/authz/native/names.ts';
import { configsOf } from '../../../src/authz/native/native-config.ts';
import { tokenKeysOf } from '../../../src/authz/native/tokens/token-keys.ts';
import { compileSnapshot } from '../../../src/policy/compile/compile-snapshot.ts';
import { type NativePolicy, nativePolicyOf } from '../../../src/policy/compile-envoy/native-policy.ts';
import type { NativeSettings } from '../../../src/policy/compile-envoy/native-settings.ts';
import { letsIn } from '../../../src/policy/compile-envoy/planes/let-in.ts';
import { encodeTree } from '../../../src/policy/compile-envoy/tree/encode-tree.ts';
import { bytesField, toBytes } from '../../../src/policy/compile-envoy/tree/proto-bytes.ts';
import type { Node } from '../../../src/policy/compile-envoy/tree/tree.ts';
import { treesOf, type WorkloadTrees } from '../../../src/policy/compile-envoy/workload-trees.ts';
import { tokenRulesOf } from '../../../src/server/policy/token-rules.ts';
import { eventually } from '../../support/eventually.ts';
import type { RunningEnvoy } from '../../support/run-envoy.ts';
import { runGatehouse } from '../../support/run-gatehouse.ts';
import { endsOf } from './addresses.ts';
import { type Answer, type Asker, type Clients, createClients } from './clients.ts';
import { drawPolicies, type Place } from './draw-policies.ts';
import { arbitraryQuestion, drawnCallers, type Question } from './draw-questions.ts';
import { type DrawnSettings, drawSettings } from './draw-settings.ts';
import type { Tokens } from './draw-tokens.ts';
import { drawnWorld, type World, writeWorld } from './drawn-world.ts';
import type { Equipment } from './equipment.ts';
import { isToldByFilters, istioFilters } from './istio-column.ts';
import { type Revoked, revoke } from './revoke.ts';
import type { Tally } from './tally.ts';
import { runTwins, type Twin, workloadOf } from './twins.ts';

/** Changes the tree that the Envoy of a place is given, to plant a fault. */
export type Spoil = (tree: Node, place: Place) => Node;

/** What is judged, and where it is counted. */
export interface Batch {
  readonly seed: number;
  readonly verdicts: number;
  readonly tallyOf: (place: Place) => Pick<Tally, 'count'>;
  /** Of the settings that were drawn, others; absent: these. */
  readonly settings?: Partial<DrawnSettings>;
  readonly spoil?: Spoil;
  /** Istio's own translation is asked too. */
  readonly withIstio?: boolean;
  /** Plants a fault into what the Envoys are told of revocations. */
  readonly forget?: (revocations: Revoked) => Revoked;
}

/** Judges one batch: settings, policies and questions of that seed. */
export async function judgeBatch(equipment: Equipment, batch: Batch): Promise<void> {
  const { seed, verdicts, tallyOf, spoil, forget = (each) => each } = batch;
  const { dir, tokens } = equipment;
  const drawn = drawPolicies(seed, tokens.jwks, { ...drawSettings(seed), ...batch.settings });
  const { settings, places } = drawn;
  // Of this batch alone: what another one has revoked is not revoked here.
  const name = `batch-${randomUUID()}`;
  const world = drawnWorld(seed, drawn);
  const file = await writeWorld(dir, name, world);
  await using gatehouse = await runGatehouse(file);
  const { callers, revocations } = await revoke(equipment.callers, settings, gatehouse.ready);
  const istio = batch.withIstio ? await istioFilters(places, drawn.everywhere, settings.aliases) : undefined;
  const twins = await twinsOf(world, istio, spoil);
  const checks = Number(gatehouse.ready.extAuthz.split(':').at(-1));
  const log = dir.at(`${name}/connections`);
  await using envoy = await runTwins(dir, twins, {
    name,
    paths: settings.paths,
    revocations: forget(revocations),
    checks,
    log,
  });
  using clients = createClients();
  const ports = await portsOf(envoy, twins);
  // A connection costs several times what a request on an open one does, and there is less to ask of it.
  const weights = places.map(({ kind }) => (kind === 'tcp' ? 1 : 4));
  const wanted = settings.isEmpty ? Math.min(verdicts, MOST_OF_EMPTY) : verdicts;
  const isTcp = ({ place }: Question): boolean => places[place]!.kind === 'tcp';
  const sampled = fc.sample(arbitraryQuestion(weights, Object.keys(tokens.texts)), { numRuns: wanted, seed });
  const questions = onFewConnections(sampled, isTcp);
  const connections: (() => readonly [port: number, told: (action: string) => void])[] = [];
  const one = async (question: Question, index: number): Promise<void> => {
    const place = places[question.place]!;
    const twin = twins[question.place]!;
    const asked = { ...question, ...seenBy(question, place, tokens) };
    const ends = endsOf(asked, place);
    const sourcePort = place.kind === 'tcp' ? FIRST_PORT + index : FIRST_PORT + (asked.isHttp2 ? 0 : 40_000);
    const who = { ...ends, sourcePort };
    const isIstios = isToldByFilters(place, asked.caller);
    const [native, asking, third] = await Promise.all(
      ports[question.place]!.slice(0, isIstios ? 3 : 2).map((port) =>
        ask(clients, callers, port, { place, asked, who }),
      ),
    );
    const count = (answer: Answer): void =>
      tallyOf(place).count({ asked, who, twin, settings, native: answer, asking: asking!, istio: third }, () => {
        const by = asked.caller === undefined ? 'nobody' : JSON.stringify(drawnCallers[asked.caller]);
        const how =
          place.kind === 'tcp'
            ? `tcp ${asked.serverName}`
            : `http/${asked.isHttp2 ? 2 : 1} ${JSON.stringify(asked.request)}`;
        const tokensOf = JSON.stringify(question.tokens);
        return `seed ${seed}: ${place.name} (${place.kind}) ${how} by ${by} ${JSON.stringify(who)}, ${tokensOf}`;
      });
    if (place.kind === 'tcp') connections.push(() => [sourcePort, (action) => count({ ...native!, action })]);
    else count(native!);
  };
  for (let i = 0; i < questions.length; i += AT_ONCE)
    await Promise.all(questions.slice(i, i + AT_ONCE).map((question, n) => one(question, i + n)));
  const told = await eventually('Envoy has told of all connections', async () => {
    const lines = (await readFile(log, 'utf8').catch(() => '')).split('\n').slice(0, -1);
    return lines.length >= connections.length ? new Map(lines.map((line) => splitAt(line, ' '))) : undefined;
  });
  for (const connection of connections) {
    const [port, count] = connection();
    count(told.get(String(port)) ?? '');
  }
}

/** Questions by HTTP that follow each other are asked on one connection: these cost more than requests. */
function onFewConnections(questions: readonly Question[], isTcp: (question: Question) => boolean): readonly Question[] {
  return questions.map((question, i) => {
    const { request, tokens, forwarded } = question;
    const first = questions[i - (i % ON_ONE_CONNECTION)]!;
    return isTcp(first) || isTcp(question) ? question : { ...first, request, tokens, forwarded };
  });
}

const ON_ONE_CONNECTION = 4;

/** Where there is no policy there is little to ask. */
const MOST_OF_EMPTY = 300;
const AT_ONCE = 32;
/** As Envoy is told; each connection has one of its own. */
const FIRST_PORT = 1_024;

function splitAt(line: string, mark: string): readonly [string, string] {
  const at = line.indexOf(mark);
  return [line.slice(0, at), line.slice(at + 1)];
}

async function twinsOf(
  { drawn, model, planeTexts }: World,
  istio: Awaited<ReturnType<typeof istioFilters>> | undefined,
  spoil: Spoil | undefined,
): Promise<readonly Twin[]> {
  const { settings, places } = drawn;
  const documents = tokenRulesOf(model).flatMap(({ keys }) =>
    keys.from === 'inline' ? [[keys.id, { jwks: keys.jwks, failure: undefined, fetchedAt: 0 }] as const] : [],
  );
  const keySets = tokenKeysOf(await importKeySets({ generation: 1, documents: new Map(documents) }));
  const { verifyPeer, peerTrustDomains, ambiguousRequests, aliases, allowEmpty } = settings;
  const { decide } = compileSnapshot(model, { allowEmpty });
  const native: NativeSettings = {
    ...{ trustDomains: ['cluster.local', ...aliases], verifyPeer, allowEmpty },
    ...{ peerTrustDomains, ambiguousRequests, keySets, decide },
  };
  return places.map((place, i) => {
    const workload = {
      spiffeId: workloadOf(place),
      namespace: place.name,
      serviceAccount: 'details',
      labels: place.labels && new Map(Object.entries(place.labels)),
      trustedHops: place.hops,
      isGateway: place.kind === 'gateway',
    };
    const policy = nativePolicyOf(model, workload, native);
    const found = letsIn(model, workload);
    const twin = {
      place,
      policy,
      letsIn: found && 'http' in found ? found : undefined,
      planeTexts: planeTexts[i]!,
      istio: istio?.get(place.name),
    };
    if (spoil === undefined || policy.everything !== undefined) return { ...twin, configs: configsOf(policy) };
    const trees = treesOf(model, workload, native) as WorkloadTrees; // not everything asks
    const configs = configsOf(withTrees(policy, spoil(trees.http, place), spoil(trees.network, place)));
    return { ...twin, configs };
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

async function portsOf(envoy: RunningEnvoy, twins: readonly Twin[]): Promise<readonly (readonly number[])[]> {
  const ports: number[][] = [];
  for (const { place, istio } of twins) {
    const listeners = ['native', 'asking', ...(istio === undefined ? [] : ['istio'])];
    const own: number[] = [];
    for (const each of listeners) own.push(await envoy.port(`${place.name}.${each}`));
    ports.push(own);
  }
  return ports;
}

/** The question as it reaches a place of that kind. */
function seenBy({ request, tokens, forwarded, caller }: Question, place: Place, { texts }: Tokens) {
  const headers = [...request.headers];
  if (place.hasTokens)
    for (const [header, token] of tokens)
      headers.push([header, header === 'authorization' ? `Bearer ${texts[token]}` : texts[token]!]);
  if (place.kind !== 'tcp' && forwarded !== undefined) headers.push(['x-forwarded-for', forwarded]);
  const shown = place.kind === 'gateway' ? undefined : place.kind === 'tcp' ? (caller ?? 0) : caller;
  return { request: { ...request, headers }, caller: shown };
}

function ask(
  clients: Clients,
  callers: Equipment['callers'],
  port: number,
  {
    place,
    asked,
    who: ends,
  }: {
    readonly place: Place;
    readonly asked: Question;
    readonly who: Pick<Asker, 'from' | 'to' | 'sourcePort'>;
  },
): Promise<Answer> {
  // Connections for requests are kept: by few names of servers there are fewer.
  const serverName = place.kind === 'tcp' || asked.to[1] === 2 ? asked.serverName : 'a.com';
  const caller = asked.caller === undefined ? undefined : callers[asked.caller];
  const name = `${asked.caller} ${serverName} ${ends.from} ${ends.to.address} ${ends.to.port}`;
  const who = { name, caller, serverName, ...ends };
  if (place.kind === 'tcp') return clients.tcp(port, who);
  return asked.isHttp2 ? clients.http2(port, who, asked.request) : clients.http1(port, who, asked.request);
}
