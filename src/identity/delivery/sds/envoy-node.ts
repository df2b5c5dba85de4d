/**
 * What the Envoy at the other end can do, by what it says of itself.
 * @module
 */
import type { Node } from '../../../gen/envoy/config/core/v3/base_pb.ts';

const SWITCH = 'disable_spiffe_cert_validation';

/**
 * Whether to send the SPIFFE certificate validator: Envoy has had it since 1.18. Who does not say its version is taken for new.
 * The node metadata `disable_spiffe_cert_validation: true` (or `"true"`) turns it off.
 */
export function knowsSpiffeValidator(node: Node | undefined): boolean {
  const disabled = node?.metadata?.[SWITCH];
  if (disabled === true || disabled === 'true') return false;
  const version =
    node?.userAgentVersionType.case === 'userAgentBuildVersion' ? node.userAgentVersionType.value.version : undefined;
  if (version === undefined) return true;
  return version.majorNumber > 1 || (version.majorNumber === 1 && version.minorNumber > 17);
}
