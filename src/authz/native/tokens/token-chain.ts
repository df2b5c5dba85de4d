/**
 * The filters of one workload's policy where tokens are verified, as one configuration: tree and jwt_authn are taken or refused together,
 * so a tree never goes by what another version of the token rules, or of the keys, has accepted.
 * @module
 */
import { RBACSchema } from '../../../gen/envoy/extensions/filters/http/rbac/v3/rbac_pb.ts';
import type { JwtAuthn } from '../../../policy/compile-envoy/tokens/jwt-authn.ts';
import { decidedState } from '../../../policy/compile-envoy/tokens/jwt-authn.ts';
import { PAYLOAD, tokenState } from '../../../policy/compile-envoy/tokens/token-names.ts';
import { JWT_METADATA } from '../../../policy/compile-envoy/tree/encode-tree.ts';
import { chainOf, type Filter, filterState, type NamedFilter } from '../filter-chain.ts';
import { typeUrlOf } from '../matchers.ts';
import { decidedKey, POLICY_PREFIX, RBAC_METADATA } from '../names.ts';

/**
 * Serialized `envoy.extensions.filters.http.filter_chain.v3.FilterChainConfig`: tokens are verified, what the tree reads of them is put
 * where it can be looked up, the tree decides, and what it has allowed is changed as the rules want it.
 *
 * @param tree  serialized RBAC filter
 */
export function tokenChain({ verify, effects }: JwtAuthn, tree: Uint8Array): Filter {
  const claim = (name: string): string => `%DYNAMIC_METADATA(${JWT_METADATA}:${PAYLOAD}:${name})%`;
  const decided = `%DYNAMIC_METADATA(${RBAC_METADATA}:${decidedKey(POLICY_PREFIX)}):${decidedState.value.length}%`;
  return chainOf([
    jwtAuthn(verify),
    filterState({
      [tokenState.issuer]: claim('iss'),
      [tokenState.subject]: claim('sub'),
      [tokenState.headerBytes]: '%REQUEST_HEADERS_BYTES%',
    }),
    { name: RBAC_METADATA, typeUrl: typeUrlOf(RBACSchema), bytes: tree },
    ...(effects === undefined ? [] : [filterState({ [decidedState.key]: decided }), jwtAuthn(effects)]),
  ]);
}

const jwtAuthn = (bytes: Uint8Array): NamedFilter => ({
  name: JWT_METADATA,
  typeUrl: 'type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication',
  bytes,
});
