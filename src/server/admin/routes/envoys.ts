/**
 * `/v1/envoys`.
 * @module
 */
import { envoysOf } from '../../../authz/native/envoys.ts';
import type { AdminHandler } from '../admin-handler.ts';
import { timeText } from '../time-text.ts';

/** Envoys that follow the policy of their workload at this server. */
export const envoys: AdminHandler<'GET /v1/envoys'> = (_, { native }) => ({
  envoys: envoysOf(native.all()).map(({ connection, spiffeId, node, build, state, configs }) => ({
    ...{ connection, spiffeId, node, state, version: build.version, tried: build.isTried },
    reported: native.linesOf(spiffeId, node),
    configs: configs.map(({ resource, state: of, version, sentVersion, sentAt, asks, refused }) => ({
      ...{ resource, state: of, version, sentVersion, sentAt: timeText(sentAt), asks },
      refused: refused === undefined ? null : { ...refused, at: timeText(refused.at) },
    })),
  })),
});
