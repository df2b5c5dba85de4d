/**
 * The contract's rules that take more than one field of the configuration.
 * @module
 */
import { authorityIdOf } from '../spiffe/own-ids.ts';
import { trustDomainOf } from '../spiffe/spiffe-id.ts';
import type { Config } from './config.ts';
import type { Problem } from './finding.ts';
import { listenerProblems, unservedProblems } from './listeners/rules.ts';
import { adminProblems } from './rules/admin.ts';
import { admissionProblems } from './rules/admission.ts';
import { attestationProblems } from './rules/attestation.ts';
import { candidateProblems } from './rules/candidate.ts';
import { federationProblems } from './rules/federation.ts';
import { kubernetesProblems } from './rules/kubernetes.ts';
import { lifeProblems } from './rules/life.ts';
import { oidcProblems } from './rules/oidc.ts';

/** Transports that exist; another is refused by name. */
const transports: readonly Config['extAuthz']['transport'][] = ['lane', 'grpc-js'];

/** Everything in a configuration that breaks a rule, in the order of the file's keys. */
export function ruleProblems(config: Config): Problem[] {
  return [
    ...roleProblems(config),
    ...unservedProblems(config),
    ...storeProblems(config),
    ...lifeProblems(config),
    ...authorityProblems(config),
    ...oidcProblems(config),
    ...listenerProblems(config),
    ...identityProblems(config),
    ...attestationProblems(config),
    ...kubernetesProblems(config),
    ...policyProblems(config),
    ...transportProblems(config),
    ...adminProblems(config),
    ...admissionProblems(config),
    ...federationProblems(config),
  ];
}

function* policyProblems(config: Config): Iterable<Problem> {
  yield* candidateProblems(config);
  yield* namespaceProblems(config);
}

function* namespaceProblems({ policies }: Config): Iterable<Problem> {
  for (const [i, { defaultNamespace, namespaces }] of policies.paths.entries()) {
    if (defaultNamespace === undefined || namespaces === undefined || namespaces.includes(defaultNamespace)) continue;
    yield {
      code: 'contradiction',
      path: ['policies', 'paths', i, 'defaultNamespace'],
      message: `documents without a namespace would be of ${defaultNamespace}, which namespaces does not let in`,
      fix: 'add it to namespaces, or name one of those',
    };
  }
}

function* roleProblems({ roles, authorityAddresses, feed }: Config): Iterable<Problem> {
  if (new Set(roles).size < roles.length) {
    yield { code: 'twice', path: ['roles'], message: 'a role is named twice', fix: 'name each once' };
  }
  const hasAuthority = roles.includes('authority');
  if (hasAuthority && authorityAddresses.length > 0) {
    const message = 'this server has the authority role, so it follows no other';
    yield { code: 'contradiction', path: ['authorityAddress'], message, fix: 'use roles: [decider], or drop it' };
  }
  if (hasAuthority && feed.joinFile !== undefined) {
    const message = 'only a decider without the authority role joins one';
    yield { code: 'contradiction', path: ['feed', 'joinFile'], message, fix: 'use roles: [decider], or drop it' };
  }
  if (!hasAuthority && authorityAddresses.length === 0) {
    const message = 'a decider without the authority role must know which certificates are revoked';
    yield {
      code: 'missing',
      path: ['roles'],
      message,
      fix: "name listen.feed of the authority's server in authorityAddress",
    };
  }
}

function* storeProblems({ store, authority }: Config): Iterable<Problem> {
  const isOnToken = typeof authority.keyStore === 'object'; // then there is nothing to encrypt
  if (store.kind === 'postgres' && !isOnToken && authority.keyEncryptionKeyFile === undefined) {
    yield {
      code: 'missing',
      path: ['authority', 'keyEncryptionKeyFile'],
      message: 'a shared store holds the keys of the authority, so they must be encrypted',
      fix: 'write 32 random bytes as base64 to a file and name it here',
    };
  }
}

function* authorityProblems({ authority: { keyStore }, store }: Config): Iterable<Problem> {
  if (keyStore === 'memory' && store.kind === 'postgres') {
    yield {
      code: 'not-supported',
      path: ['authority', 'keyStore'],
      message: 'replicas share their keys, so these cannot stay in the memory of one',
      fix: 'use keyStore: disk with postgres; the keys are then in it, encrypted',
    };
  }
}

function* identityProblems(config: Config): Iterable<Problem> {
  const { trustDomain, entries, workloads } = config;
  yield* reservedProblems(config);
  yield* programProblems(config);
  for (const [i, { spiffeId }] of entries.entries()) {
    if (trustDomainOf(spiffeId) === trustDomain) continue;
    yield {
      code: 'foreign-trust-domain',
      path: ['entries', i, 'spiffeId'],
      message: `${spiffeId} is not in trust domain ${trustDomain}, so it cannot be issued here`,
      fix: `start it with spiffe://${trustDomain}/`,
    };
  }
  const seen = new Map<string, number>();
  for (const [i, each] of workloads.entries()) {
    const first = seen.get(each.spiffeId);
    if (first !== undefined && each.labels !== undefined && workloads[first]!.labels !== undefined) {
      const same = JSON.stringify(each.labels) === JSON.stringify(workloads[first]!.labels);
      if (!same) {
        yield {
          code: 'twice',
          path: ['workloads', i, 'labels'],
          message: `${each.spiffeId} has other labels in workloads[${first}], and a Check could not tell which hold`,
          fix: 'give both the same labels, or let Envoy send them',
        };
      }
    }
    if (first === undefined) seen.set(each.spiffeId, i);
  }
}

/** Facts about the process as it is when it is asked about, which anybody's process can become after it has connected. */
const OF_THE_PROGRAM = /^unix:(path|sha256):/;

/** Whoever may run a program could connect as himself, then run it in his place, and be taken for it. */
function* programProblems({ entries }: Config): Iterable<Problem> {
  for (const [i, { spiffeId, selectors }] of entries.entries()) {
    if (!selectors.every((each) => OF_THE_PROGRAM.test(each))) continue;
    yield {
      code: 'program-alone',
      path: ['entries', i, 'selectors'],
      message: `${spiffeId} would go to every user who can run that program: a process can connect first and become it then`,
      fix: 'say whose process it is too: unix:user:NAME, unix:uid:N, unix:group:NAME, unix:gid:N, or socket:PATH of a socket of its own',
    };
  }
}

/** Whoever held the authority's own ID could tell deciders anything. */
function* reservedProblems({ trustDomain, entries, workloads }: Config): Iterable<Problem> {
  const reserved = authorityIdOf(trustDomain);
  for (const [kind, list] of Object.entries({ entries, workloads })) {
    for (const [i, { spiffeId }] of list.entries()) {
      if (spiffeId !== reserved) continue;
      const message = `${reserved} is the authority's own ID, which it gives to nobody`;
      yield { code: 'reserved', path: [kind, i, 'spiffeId'], message, fix: 'choose another path' };
    }
  }
}

function* transportProblems({ extAuthz }: Config): Iterable<Problem> {
  if (transports.includes(extAuthz.transport)) return;
  yield {
    code: 'not-supported',
    path: ['extAuthz', 'transport'],
    message: `transport ${extAuthz.transport} does not exist yet`,
    fix: `use ${transports.join(' or ')}`,
  };
}
