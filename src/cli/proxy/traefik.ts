/**
 * Traefik: `forwardAuth`, behind `passTLSClientCert`.
 * @module
 */
import { GatehouseError } from '../../errors.ts';
import { yamlText } from '../terminal/yaml-text.ts';
import { addressText, checkPath, copiedHeaders, type Printed, type ProxySettings, watchCommand } from './settings.ts';

const ENTRY_POINT = 'gatehouse';

/** The static configuration, and the one of the file provider. */
export function traefikConfig(settings: ProxySettings): Printed {
  const { gatehouse, listen, upstream, certificates } = settings;
  if ('unix' in gatehouse)
    throw new GatehouseError(
      'not_supported',
      "Traefik's forwardAuth asks over TCP alone: say --gatehouse 127.0.0.1:PORT",
    );
  const fixed = {
    global: { checkNewVersion: false, sendAnonymousUsage: false },
    // neither forwardedHeaders.insecure nor trustedIPs: what clients write of themselves is deleted here
    entryPoints: { [ENTRY_POINT]: { address: addressText(listen) } },
    providers: { file: { filename: 'dynamic.yaml', watch: true } },
  };
  const dynamic = {
    http: {
      routers: {
        application: {
          entryPoints: [ENTRY_POINT],
          rule: 'PathPrefix(`/`)',
          // in this order: the certificate is said before it is asked about
          middlewares: ['gatehouse-certificate', 'gatehouse-says', 'gatehouse'],
          service: 'application',
          tls: {},
        },
      },
      middlewares: {
        'gatehouse-certificate': { passTLSClientCert: { pem: true } },
        'gatehouse-says': { headers: { customRequestHeaders: { 'X-Gatehouse-Verified': 'pem' } } },
        gatehouse: {
          forwardAuth: {
            address: `http://${addressText(gatehouse)}${checkPath('traefik', settings)}`,
            trustForwardHeader: true,
            authResponseHeaders: copiedHeaders(settings),
          },
        },
      },
      services: { application: { loadBalancer: { servers: [{ url: `http://${addressText(upstream)}` }] } } },
    },
    tls: {
      // an SVID has no DNS name by which one of several certificates would be chosen
      stores: {
        default: { defaultCertificate: { certFile: `${certificates}/svid.pem`, keyFile: `${certificates}/key.pem` } },
      },
      // those of another name hold for routers with a Host alone: without, clients would not be asked for certificates
      options: {
        default: {
          minVersion: 'VersionTLS12',
          clientAuth: { caFiles: [`${certificates}/bundle.pem`], clientAuthType: 'VerifyClientCertIfGiven' },
        },
      },
    },
  };
  const files = [
    { name: 'traefik.yaml', text: yamlText(fixed) },
    { name: 'dynamic.yaml', text: yamlText(dynamic) },
  ];
  return { files, certificates: watchCommand(settings, 'touch dynamic.yaml') };
}
