/**
 * What delivery tells us, to log and metrics.
 * @module
 */
import type { DeliveryObserver } from '../../identity/delivery/delivery-deps.ts';
import type { Log } from '../../platform/observe/log.ts';
import type { Metrics } from '../../platform/observe/metrics.ts';

/** Creates the observer. */
export function deliveryObserver(log: Log, metrics: Metrics): DeliveryObserver {
  return {
    streamOpened: (channel) => metrics.moveStreams(channel, 1),
    streamClosed: (channel) => metrics.moveStreams(channel, -1),
    failed: (method, { code, message, details }) =>
      log[code === 'internal' ? 'error' : 'info']({ method, code, details }, message),
    refusedByConsumer: ({ pid, uid }, names, words) =>
      log.warn({ pid, uid, names, words }, 'a consumer refused what we sent'),
    withheld: (name, broken) =>
      log.error({ name, broken }, `a secret is not sent, since Envoy would refuse it: ${broken.join('; ')}`),
    renewalFailed: (spiffeId, { code, message }) =>
      log.error({ spiffeId, code }, `an identity could not be renewed: ${message}`),
  };
}
