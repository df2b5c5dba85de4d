/**
 * Envoy asking by HTTP: the same bootstrap as `envoy bootstrap`, with another filter.
 * @module
 */

import { generateBootstrap } from '../envoy/bootstrap.ts';
import { keepsRules } from '../envoy/bootstrap-rules.ts';
import { readFlags } from '../envoy/flags.ts';
import { yamlText } from '../terminal/yaml-text.ts';
import { addressText, checkPath, type Printed, type ProxySettings } from './settings.ts';

/** A whole bootstrap; certificates come by SDS. */
export function envoyConfig(settings: ProxySettings): Printed {
  const { namespace, serviceAccount, trustDomain, listen, upstream, gatehouse, certificates } = settings;
  const options = readFlags({
    workload: `${namespace}/${serviceAccount}`,
    ...{ trustDomain, listen: addressText(listen), upstream: addressText(upstream), upstreamProtocol: 'http1' },
    ...{ outbound: [], label: [], protocol: 'http', serverSpeaksFirst: false, sds: `unix:${certificates}` },
    extAuthz: 'unix' in gatehouse ? `unix:${gatehouse.unix}` : addressText(gatehouse),
    ...{ extAuthzTls: false, timeout: '1s', maxConnectionDuration: '1h', paths: 'strict', gateway: false },
    ...{ trustedHops: '0', federated: false, admin: '127.0.0.1:9901', accessLog: '/dev/stdout' },
  });
  const asks = {
    path: checkPath('envoy', settings),
    workload: `${namespace}/${serviceAccount}`,
    headers: settings.headersRead,
    copied: settings.headersWritten,
  };
  const text = yamlText(keepsRules(generateBootstrap({ ...options, http: asks })));
  return { files: [{ name: 'envoy.yaml', text }], certificates: undefined };
}
