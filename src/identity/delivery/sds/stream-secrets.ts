/**
 * SDS, state of the world: StreamSecrets.
 * @module
 */
import { create } from '@bufbuild/protobuf';
import {
  type DiscoveryRequest,
  DiscoveryRequestSchema,
  type DiscoveryResponse,
  DiscoveryResponseSchema,
} from '../../../gen/envoy/service/discovery/v3/discovery_pb.ts';
import type { CallContext } from '../../../transport/grpc-methods.ts';
import { follow, requireRequestFor } from '../../../transport/xds/discovery-request.ts';
import { watchCaller } from '../caller-watch.ts';
import type { DeliveryDeps } from '../delivery-deps.ts';
import { createHeldSvids } from '../held-svids.ts';
import { createAnswers } from './answers.ts';
import { knowsSpiffeValidator } from './envoy-node.ts';
import { SECRET_TYPE_URL } from './secret-messages.ts';
import { allNames } from './secret-names.ts';
import type { SecretRules } from './secret-rules.ts';
import { type NamedSecret, secretsFor } from './secrets.ts';

/** What the stream asks for. */
interface Subscription {
  /** Undefined until the first request. */
  names: readonly string[] | undefined;
  /** The first request named nothing, so everything is meant; later an empty list means nothing. */
  everything: boolean;
  /** A name came that the last response did not have: it must be answered even if nothing has changed. */
  owesAnswer: boolean;
  spiffeValidator: boolean;
}

/**
 * Answers with all secrets that the stream asks for, at once and whenever one of them changes. A name that means nothing to
 * the caller is left out, and comes when it gets a meaning; if none means anything, the answer waits.
 *
 * @see xDS protocol, "State of the World"
 */
export async function* streamSecrets(
  deps: DeliveryDeps,
  rules: SecretRules,
  requests: AsyncIterable<DiscoveryRequest>,
  context: CallContext,
): AsyncGenerator<DiscoveryResponse> {
  using watch = watchCaller(deps, context, 'sds');
  const held = createHeldSvids(deps, watch.stream, 'sds');
  const answers = createAnswers(deps, watch);
  const wants: Subscription = { names: undefined, everything: false, owesAnswer: false, spiffeValidator: true };
  const incoming = follow(requests, watch, (request) => {
    requireRequestFor(SECRET_TYPE_URL, DiscoveryRequestSchema, request);
    if (wants.names === undefined) wants.spiffeValidator = knowsSpiffeValidator(request.node); // sent with the first only
    if (answers.heard(request) !== 'stale') subscribe(wants, request.resourceNames);
  });
  let last = '';
  while (!context.signal.aborted && !incoming.ended()) {
    const state = await watch.state();
    if (wants.names !== undefined) {
      const names = wants.everything ? allNames(state) : wants.names;
      const all = await secretsFor(names, state, held, wants.spiffeValidator, rules);
      const secrets = all.filter(({ isWithheld }) => !isWithheld);
      const content = contentOf(all, last);
      if (secrets.length > 0 && (wants.owesAnswer || content !== last)) {
        wants.owesAnswer = false;
        last = content;
        yield responseOf(secrets, answers.next(secrets, state));
        answers.sent();
      }
      if (secrets.length === all.length) answers.unchanged(state);
    }
    await watch.changed(held.dueAt);
  }
}

/** Names with versions; what is withheld counts as it was last sent, so that it alone is no reason to send. */
function contentOf(secrets: readonly NamedSecret[], last: string): string {
  const sent = secrets.some(({ isWithheld }) => isWithheld) && last !== '' ? versionsIn(last) : undefined;
  return JSON.stringify(secrets.map(({ name, version, isWithheld }) => [name, isWithheld ? sent?.get(name) : version]));
}

/** What `contentOf` made. */
const versionsIn = (content: string): Map<string, string | null> => new Map(JSON.parse(content));

function subscribe(wants: Subscription, names: readonly string[]): void {
  if (wants.names === undefined) wants.everything = names.length === 0;
  else if (names.length > 0) wants.everything = false;
  const before = new Set(wants.names);
  if (wants.names === undefined || names.some((name) => !before.has(name))) wants.owesAnswer = true;
  wants.names = names;
}

function responseOf(
  secrets: readonly NamedSecret[],
  { nonce, version }: { readonly nonce: string; readonly version: string },
): DiscoveryResponse {
  return create(DiscoveryResponseSchema, {
    versionInfo: version,
    resources: secrets.map((secret) => secret.resource()),
    typeUrl: SECRET_TYPE_URL,
    nonce,
  });
}

/** FetchSecrets: one answer, with what there is of the names that were asked for. */
export async function fetchSecrets(
  deps: DeliveryDeps,
  rules: SecretRules,
  request: DiscoveryRequest,
  context: CallContext,
): Promise<DiscoveryResponse> {
  requireRequestFor(SECRET_TYPE_URL, DiscoveryRequestSchema, request);
  using watch = watchCaller(deps, context, 'sds');
  const state = await watch.state();
  const names = request.resourceNames.length > 0 ? request.resourceNames : allNames(state);
  const secrets = await secretsFor(
    names,
    state,
    createHeldSvids(deps, watch.stream, 'sds'),
    knowsSpiffeValidator(request.node),
    rules,
  ).then((all) => all.filter(({ isWithheld }) => !isWithheld));
  return responseOf(secrets, createAnswers(deps, watch).next(secrets, state));
}
