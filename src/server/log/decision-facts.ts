/**
 * Makes the facts that the log has of a decision: those that policies can ask about, read as policies read them.
 * @module
 */
import { createPeerReader } from '../../authz/facts/peer-certificate.ts';
import { RequestFacts } from '../../authz/facts/request-facts.ts';
import { isAmbiguousPath } from '../../authz/guards.ts';
import {
  createTokenRulesDigest,
  type FactsShown,
  hashOfValue,
  type LoggedFacts,
  type LoggedTokens,
  type ReadFact,
  type ToldValues,
} from '../../authz/record/logged-facts.ts';
import { isSecretHeader } from '../../authz/record/redact.ts';
import type { RedactedDecision } from '../../authz/record/redacted-decision.ts';
import { CheckRequest } from '../../authz/wire/check-request.ts';
import { fromByteString } from '../../lib/byte-string.ts';
import type { Destination } from '../../policy/facts.ts';
import { nameOfFact } from '../../policy/meaning/fact-values.ts';
import type { PolicyModel, TokenRule } from '../../policy/model.ts';
import { type TokenCarriers, tokenCarriers } from '../../policy/token-carriers.ts';
import { createReadFacts } from './read-facts.ts';

/** What facts are made by. */
export interface DecisionFactsDeps {
  /** The policies in force: what they read is told. */
  readonly model: () => PolicyModel;
  readonly shown: () => FactsShown;
}

/** Values that are longer are told as hashes. */
const LONGEST_VALUE = 256;

/** Creates what makes facts; undefined where none are to be told, or none could be read. */
export function createDecisionFacts({
  model,
  shown,
}: DecisionFactsDeps): (entry: RedactedDecision) => LoggedFacts | undefined {
  const view = new CheckRequest();
  const readPeer = createPeerReader();
  const facts = new RequestFacts(view, () => {
    throw new Error('tokens were verified when it was decided');
  });
  let known: Reading | undefined;
  return (entry) => {
    const { destination, request } = entry;
    if (shown() === 'none' || destination === undefined || request === undefined) return undefined;
    if (known?.model !== model()) known = readingOf(model());
    try {
      view.read(request);
      const peer = readPeer(view);
      if (peer === 'unreadable') return undefined;
      const keySets = { generation: 0, sets: new Map() };
      facts.begin({ destination, trustedHops: destination.trustedHops, peer, keySets, nowMs: entry.decidedAt });
      facts.tokens = tokensOf(entry);
      return {
        ...ofDestination(entry, facts, view.destinationLabels.count > 0),
        ...ofConnection(facts, destination.trustedHops),
        ...(peer !== undefined && { mtls: true }),
        ...tokens(entry, known),
        ...read(entry, facts, known, shown()),
      };
    } catch {
      return undefined; // what cannot be read was refused, and its reason says so
    }
  };
}

interface Reading {
  readonly model: PolicyModel;
  readonly carriers: TokenCarriers;
  readonly factsOf: (namespace: string) => readonly ReadFact[];
  readonly digestOf: (namespace: string) => string;
}

const readingOf = (model: PolicyModel): Reading => ({
  model,
  carriers: tokenCarriers(model),
  factsOf: createReadFacts(model),
  digestOf: createTokenRulesDigest(model),
});

/** What was known of the tokens, so that headers and claims read as they did. */
function tokensOf({ tokens }: RedactedDecision): RequestFacts['tokens'] {
  if (tokens === undefined) return undefined;
  const unknownKid = undefined;
  if (tokens.outcome === 'rejected') return { ...tokens, wwwAuthenticate: '', unknownKid };
  if (tokens.outcome === 'none') return { ...tokens, unknownKid };
  return { ...tokens, rule: noRule, unknownKid };
}

/** Nobody asks which rule it was. */
const noRule: TokenRule = {
  position: { file: '', line: 0, column: 0 },
  issuer: '',
  audiences: [],
  keys: { from: 'uri', id: '', uri: '' },
  fromHeaders: [],
  fromParams: [],
  fromCookies: [],
  forwardOriginalToken: false,
  outputPayloadToHeader: '',
  outputClaimToHeaders: [],
  spaceDelimitedClaims: [],
  fetchTimeoutMs: 0,
};

function ofDestination({ destination }: RedactedDecision, facts: RequestFacts, isTold: boolean): LoggedFacts {
  const { spiffeId, namespace, serviceAccount, labels } = destination as Destination; // the caller has looked
  const principal = fromByteString(facts.destinationPrincipal);
  const { destinationAddress: address, destinationPort: port } = facts;
  return {
    ...(spiffeId.endsWith(`/ns/${namespace}/sa/${serviceAccount}`) ? {} : { account: { namespace, serviceAccount } }),
    ...(labels && { labels: texts(labels) }),
    ...(isTold && { labelsTold: true }),
    ...(principal !== spiffeId && { principal }),
    ...(address && { address: fromByteString(address.text) }),
    ...(port >= 0 && { port }),
  };
}

function ofConnection(facts: RequestFacts, hops: number): LoggedFacts {
  const { ipProtocol, sni, peerNames, sourcePrincipal, remoteAddress, sourceLabels } = facts;
  const usual = sourcePrincipal === '' ? [] : [sourcePrincipal];
  const isUsual = peerNames.length === usual.length && peerNames[0] === usual[0];
  const isForwarded = facts.protocol === 'http' && facts.header('x-forwarded-for').length > 0;
  return {
    ...(ipProtocol !== 6 && { ipProtocol }),
    ...(sni !== undefined && { sni: fromByteString(sni) }),
    ...(!isUsual && { names: peerNames.map(fromByteString) }),
    ...(facts.protocol === 'http' && isAmbiguousPath(facts.wholePath, facts.method) && { ambiguousPath: true }),
    ...(isForwarded && { client: { ...(remoteAddress && { address: remoteAddress.text }), hops } }),
    ...(sourceLabels.size > 0 && { sourceLabels: texts(sourceLabels) }),
  };
}

function tokens({ tokens: told, snapshot, destination }: RedactedDecision, { model, digestOf }: Reading) {
  if (told === undefined) return {};
  const shown: LoggedTokens = {
    outcome: told.outcome,
    ...(told.outcome === 'rejected' && { status: told.status }),
    ...(snapshot === model.generation && { rules: digestOf(destination?.namespace ?? '') }),
  };
  return { tokens: shown };
}

function read(entry: RedactedDecision, facts: RequestFacts, { factsOf, carriers }: Reading, shown: FactsShown) {
  const some = factsOf(entry.destination?.namespace ?? '');
  if (some.length === 0) return {};
  const told = some.map((fact) => [nameOfFact(fact), toldValues(entry.id, fact, facts, carriers, shown)] as const);
  return { read: Object.fromEntries(told) };
}

/** Those that stand in the record anyway. */
const open = new Set([':method', ':authority', 'host', ':scheme']);

function toldValues(
  id: string,
  fact: ReadFact,
  facts: RequestFacts,
  carriers: TokenCarriers,
  shown: FactsShown,
): ToldValues {
  if (fact.of === 'header' && isSecretHeader(fact.name, carriers)) return null;
  const values = valuesOf(fact, facts);
  if (values.length === 0) return [];
  const isOpen =
    fact.of === 'header' &&
    (open.has(fact.name) || (fact.name === ':path' && !values.some((each) => /[?#]/.test(each))));
  if (!isOpen && shown === 'names') return values.length;
  const isShort = values.every((value) => value.length <= LONGEST_VALUE);
  if ((isOpen || shown === 'values') && isShort) return values.map(fromByteString);
  return { sha256: values.map((value) => hashOfValue(id, nameOfFact(fact), value)) };
}

function valuesOf(fact: ReadFact, facts: RequestFacts): readonly string[] {
  if (fact.of === 'header') return facts.protocol === 'http' ? facts.header(fact.name) : [];
  return fact.of === 'claim' ? facts.claim(fact.path) : facts.metadata(fact.filter, fact.path, fact.list);
}

const texts = (map: ReadonlyMap<string, string>): Record<string, string> =>
  Object.fromEntries([...map].map(([key, value]) => [fromByteString(key), fromByteString(value)]));
