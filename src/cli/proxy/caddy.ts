/**
 * Caddy: `forward_auth`.
 * @module
 */
import { addressText, checkPath, copiedHeaders, type Printed, type ProxySettings, watchCommand } from './settings.ts';
import { isOlder } from './versions.ts';

/** A whole Caddyfile. */
export function caddyConfig(settings: ProxySettings): Printed {
  const { gatehouse, listen, upstream, certificates, version } = settings;
  const server = 'unix' in gatehouse ? `unix/${gatehouse.unix}` : addressText(gatehouse);
  const isOld = isOlder(version, [2, 11, 0]);
  const trust = isOld
    ? `trusted_ca_cert_file ${certificates}/bundle.pem`
    : `trust_pool file ${certificates}/bundle.pem`;
  // older ones have no word for their own address, and would send the text of the placeholder
  const destination = isOld
    ? ''
    : '\n    header_up X-Gatehouse-Destination {http.request.local.host}:{http.request.local.port}';
  const bind = listen.host === '0.0.0.0' ? '' : `\n  bind ${listen.host.replace(/^\[|\]$/g, '')}`;
  const text = `{
  auto_https off
}
https://:${listen.port} {${bind}
  tls ${certificates}/svid.pem ${certificates}/key.pem {
    client_auth {
      mode verify_if_given
      ${trust}
    }
  }

  # Every request is asked about here: no handle, no rewrite and no route before it.
  forward_auth ${server} {
    uri ${checkPath('caddy', settings)}?
    copy_headers ${copiedHeaders(settings).join(' ')}
    header_up X-Gatehouse-Certificate "={http.request.tls.client.certificate_der_base64}"
    header_up X-Gatehouse-Sni "={http.request.tls.server_name}"
    header_up X-Gatehouse-Source {http.request.remote.host}:{http.request.remote.port}${destination}
    transport http {
      dial_timeout 1s
      response_header_timeout 2s
    }
  }
  reverse_proxy ${addressText(upstream)}
}
`;
  const exec = 'caddy reload --force --config /etc/caddy/Caddyfile';
  return { files: [{ name: 'Caddyfile', text }], certificates: watchCommand(settings, exec) };
}
