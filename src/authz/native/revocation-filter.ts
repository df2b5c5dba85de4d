/**
 * The filter that refuses who was revoked: a few hundred bytes before the tree of policies, so that no tree is sent again.
 *
 * A revoked SPIFFE ID is refused in Envoy. A revoked serial number makes who shows it ask; a revoked key, which Envoy has no name
 * for, makes everybody ask for as long as that revocation stands. Nothing known of revocations: everybody asks.
 * @module
 */
import { create, toBinary } from '@bufbuild/protobuf';
import { RBACSchema } from '../../gen/envoy/extensions/filters/http/rbac/v3/rbac_pb.ts';
import { RBACSchema as NetworkRbacSchema } from '../../gen/envoy/extensions/filters/network/rbac/v3/rbac_pb.ts';
import type { Matcher, Matcher_OnMatch } from '../../gen/xds/type/matcher/v3/matcher_pb.ts';
import { RegexMatcher_GoogleRE2Schema, RegexMatcherSchema } from '../../gen/xds/type/matcher/v3/regex_pb.ts';
import type { Revocations } from '../state.ts';
import { action, always, both, either, goOn, listOf, mapOf, not, stateAt, uriNames, when, where } from './matchers.ts';
import { ASK, NOT_REVOKED, NOTHING, POLICY_PREFIX, REVOCATIONS_PREFIX, REVOKED, stateKeys } from './names.ts';

/** Serialized `envoy.extensions.filters.http.rbac.v3.RBAC`. @param revocations  undefined: none are known */
export function revocationFilter(revocations: Revocations | undefined): Uint8Array {
  const matcher = revocations === undefined ? always(ask('revocations-unknown')) : byCaller(revocations);
  const config = create(RBACSchema, { rulesStatPrefix: REVOCATIONS_PREFIX, matcher });
  return toBinary(RBACSchema, config);
}

/**
 * The same of connections: serialized `envoy.extensions.filters.network.rbac.v3.RBAC`.
 *
 * A filter of connections leaves a trace of its shadow alone. It stands after the policy and writes to the policy's key: over what the
 * policy has found where a revocation means the caller, and else nothing.
 */
export function networkRevocationFilter(revocations: Revocations | undefined): Uint8Array {
  return networkFilter((nobody) =>
    revocations === undefined ? always(ask('revocations-unknown')) : byTransport(revocations, nobody),
  );
}

/** The same of connections, which hands everything over. */
export const askingNetworkRevocationFilter = (why: string): Uint8Array => networkFilter(() => always(ask(why)));

/** @param made  by what becomes of whom no revocation means; undefined: no action, which leaves what the policy has found */
function networkFilter(made: (nobody: Matcher_OnMatch | undefined) => Matcher): Uint8Array {
  const config = create(NetworkRbacSchema, {
    statPrefix: 'gatehouse_revocations',
    matcher: made(notRevoked()),
    shadowMatcher: made(undefined),
    shadowRulesStatPrefix: POLICY_PREFIX,
  });
  return toBinary(NetworkRbacSchema, config);
}

/** The same, which hands everything over. @param why  a word, e.g. `refused` */
export function askingRevocationFilter(why: string): Uint8Array {
  const config = create(RBACSchema, { rulesStatPrefix: REVOCATIONS_PREFIX, matcher: always(ask(why)) });
  return toBinary(RBACSchema, config);
}

const ask = (why: string): Matcher_OnMatch => action(`${ASK}${why}`, 'allow');
const notRevoked = (): Matcher_OnMatch => action(NOT_REVOKED, 'allow');

/**
 * Without TLS Envoy gives up, and denies, where a name is asked for: whether there is a certificate is asked first, by its serial number.
 * Who shows none is meant by no revocation; where nobody has filled the serial number in, all ask.
 */
function byCaller(revocations: Revocations): Matcher {
  const isNameless = where(stateAt(stateKeys.serial), { case: 'exact', value: NOTHING });
  return listOf(
    [when(hasSerial(), goOn(named(revocations, notRevoked()))), when(isNameless, notRevoked())],
    ask('serial-unknown'),
  );
}

/** Whether there is a certificate is said by the chain of filters, by a constant: the serial number comes with the handshake. */
function byTransport(revocations: Revocations, nobody: Matcher_OnMatch | undefined): Matcher {
  const is = (value: string) => where(stateAt(stateKeys.transport), { case: 'exact', value });
  return listOf(
    [
      when(not(either(is('tls'), is('plain'))), ask('transport-unknown')),
      when(both(is('tls'), not(hasSerial())), ask('serial-unknown')),
      when(is('tls'), goOn(named(revocations, nobody))),
    ],
    nobody,
  );
}

const hasSerial = () =>
  where(stateAt(stateKeys.serial), {
    case: 'safeRegex',
    value: create(RegexMatcherSchema, { regex: '[0-9a-f]{2,}', engineType: { case: 'googleRe2', value: RE2 } }),
  });

const RE2 = create(RegexMatcher_GoogleRE2Schema, {});

/** Several names in one text are no key of the map that follows. */
function named(revocations: Revocations, nobody: Matcher_OnMatch | undefined): Matcher {
  const severalNames = where(uriNames(), { case: 'contains', value: ',' });
  return listOf([when(severalNames, ask('several-names'))], refusals(revocations, nobody));
}

function refusals(
  { spiffeIds, serials, spkis }: Revocations,
  others: Matcher_OnMatch | undefined,
): Matcher_OnMatch | undefined {
  const nobody = spkis.size > 0 ? ask('revoked-keys') : others;
  const bySerial =
    serials.size === 0
      ? nobody
      : goOn(mapOf(stateAt(stateKeys.serial), [...serials].flatMap(spellings), ask('revoked-serial'), nobody));
  if (spiffeIds.size === 0) return bySerial;
  return goOn(mapOf(uriNames(), spiffeIds, action(REVOKED, 'deny'), bySerial));
}

/** As we write a serial number, without leading zeros, and in whole bytes. */
function spellings(serial: string): readonly string[] {
  const least = serial.replace(/^0+(?=.)/, '');
  return [...new Set([serial, least, least.length % 2 === 0 ? least : `0${least}`])];
}
