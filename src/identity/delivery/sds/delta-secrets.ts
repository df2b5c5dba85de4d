/**
 * SDS, incremental: DeltaSecrets.
 * @module
 */
import { create } from '@bufbuild/protobuf';
import {
  type DeltaDiscoveryRequest,
  DeltaDiscoveryRequestSchema,
  type DeltaDiscoveryResponse,
  DeltaDiscoveryResponseSchema,
  ResourceSchema,
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

const WILDCARD = '*';

/** What the stream asks for, and what it has. */
interface Subscription {
  started: boolean;
  everything: boolean;
  readonly names: Set<string>;
  /** Name → version that the consumer has, or was last told. */
  readonly has: Map<string, string>;
  /** Names asked for since the last response: each must be answered, if only by saying that there is none. */
  readonly owed: Set<string>;
  spiffeValidator: boolean;
}

/**
 * Answers with the secrets that changed, and the names that mean nothing (any more) as removed.
 *
 * @see xDS protocol, "Incremental xDS"
 */
export async function* deltaSecrets(
  deps: DeliveryDeps,
  rules: SecretRules,
  requests: AsyncIterable<DeltaDiscoveryRequest>,
  context: CallContext,
): AsyncGenerator<DeltaDiscoveryResponse> {
  using watch = watchCaller(deps, context, 'sds');
  const held = createHeldSvids(deps, watch.stream, 'sds');
  const answers = createAnswers(deps, watch);
  const wants: Subscription = {
    started: false,
    everything: false,
    names: new Set(),
    has: new Map(),
    owed: new Set(),
    spiffeValidator: true,
  };
  const incoming = follow(requests, watch, (request) => {
    requireRequestFor(SECRET_TYPE_URL, DeltaDiscoveryRequestSchema, request);
    answers.heard(request);
    subscribe(wants, request);
  });
  while (!context.signal.aborted && !incoming.ended()) {
    const state = await watch.state();
    if (wants.started) {
      const names = new Set([...wants.names, ...(wants.everything ? allNames(state) : [])]);
      const secrets = await secretsFor([...names], state, held, wants.spiffeValidator, rules);
      const changed = secrets.filter(
        ({ name, version, isWithheld }) => !isWithheld && (wants.owed.has(name) || wants.has.get(name) !== version),
      );
      const removed = namesRemoved(wants, secrets);
      if (changed.length > 0 || removed.length > 0) {
        remember(wants, changed, removed);
        yield responseOf(changed, removed, answers.next(changed, state));
        answers.sent();
      }
      const brought = secrets.some(
        ({ name, version, holdsOwnBundle }) => holdsOwnBundle && wants.has.get(name) === version,
      );
      if (!secrets.some(({ isWithheld }) => isWithheld)) answers.unchanged(state, brought);
    }
    await watch.changed(held.dueAt);
  }
}

/** A stale nonce makes no difference here: in the incremental protocol every request is a change of its own. */
function subscribe(wants: Subscription, request: DeltaDiscoveryRequest): void {
  const { resourceNamesSubscribe: added, resourceNamesUnsubscribe: gone } = request;
  if (!wants.started) {
    wants.started = true;
    wants.everything = added.length === 0;
    wants.spiffeValidator = knowsSpiffeValidator(request.node);
    for (const [name, version] of Object.entries(request.initialResourceVersions)) wants.has.set(name, version);
  }
  for (const name of added) {
    if (name === WILDCARD) {
      wants.everything = true;
      continue;
    }
    wants.names.add(name);
    // A name that came with the version that it still has needs no answer.
    if (!Object.hasOwn(request.initialResourceVersions, name)) wants.owed.add(name);
  }
  for (const name of gone) {
    if (name === WILDCARD) wants.everything = false;
    wants.names.delete(name);
    wants.owed.delete(name);
    wants.has.delete(name);
  }
}

function namesRemoved(wants: Subscription, secrets: readonly NamedSecret[]): string[] {
  const there = new Set(secrets.map(({ name }) => name));
  return [...new Set([...wants.has.keys(), ...wants.owed])].filter((name) => !there.has(name));
}

function remember(wants: Subscription, changed: readonly NamedSecret[], removed: readonly string[]): void {
  for (const { name, version } of changed) wants.has.set(name, version);
  for (const name of removed) wants.has.delete(name);
  for (const name of [...changed.map((each) => each.name), ...removed]) wants.owed.delete(name); // not what is withheld
}

function responseOf(
  changed: readonly NamedSecret[],
  removedResources: readonly string[],
  { nonce, version }: { readonly nonce: string; readonly version: string },
): DeltaDiscoveryResponse {
  return create(DeltaDiscoveryResponseSchema, {
    systemVersionInfo: version,
    resources: changed.map((secret) =>
      create(ResourceSchema, { name: secret.name, version: secret.version, resource: secret.resource() }),
    ),
    typeUrl: SECRET_TYPE_URL,
    removedResources: [...removedResources],
    nonce,
  });
}
