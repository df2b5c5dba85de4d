/**
 * What grpc.health.v1 says of each service: each by the part that does its work, and `""` as `/readyz`.
 * @module
 */
import type { Config } from '../../config/config.ts';
import type { ReadinessBoard } from '../../platform/observe/readiness.ts';

/** The service of Check, as grpc.health.v1 names it. */
export const AUTHORIZATION = 'envoy.service.auth.v3.Authorization';
const identityServices = ['SpiffeWorkloadAPI', 'envoy.service.secret.v3.SecretDiscoveryService'];

/** By role, the services and what each needs; `server` is not ready while it drains. */
const needs = {
  decider: { services: [AUTHORIZATION], parts: ['policies', 'deciders', 'feed', 'tls', 'server'] },
  authority: { services: identityServices, parts: ['authority', 'server'] },
} as const;

/** The services of these roles, and whether each serves. */
export function servicesOf(
  roles: Config['roles'],
  { state, isReady }: Pick<ReadinessBoard, 'state' | 'isReady'>,
): ReadonlyMap<string, boolean> {
  const ofRoles = roles.flatMap((role) => {
    const { services, parts } = needs[role];
    const serves = parts.every(isReady);
    return services.map((service) => [service, serves] as const);
  });
  return new Map([['', state.value.ready], ...ofRoles]);
}
