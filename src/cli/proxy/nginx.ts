/**
 * nginx: `auth_request`.
 * @module
 */
import { addressText, checkPath, copiedHeaders, type Printed, type ProxySettings, watchCommand } from './settings.ts';

/** A file for `conf.d`, in the context `http`. */
export function nginxConfig(settings: ProxySettings): Printed {
  const { gatehouse, listen, upstream, certificates } = settings;
  const server = 'unix' in gatehouse ? `unix:${gatehouse.unix}` : addressText(gatehouse);
  const copied = copiedHeaders(settings).map((name, i) => ({ name, variable: `$gatehouse_${i}` }));
  const text = `upstream gatehouse {
  server ${server};
  keepalive 16;
  keepalive_timeout 60s;
}
upstream gatehouse_application {
  server ${addressText(upstream)};
}
map $http_upgrade $gatehouse_connection {
  default upgrade;
  "" "";
}
server {
  listen ${addressText(listen)} ssl;
  ssl_certificate ${certificates}/svid.pem;
  ssl_certificate_key ${certificates}/key.pem;
  ssl_client_certificate ${certificates}/bundle.pem;
  ssl_verify_client optional;
  ssl_verify_depth 4;
  ssl_protocols TLSv1.2 TLSv1.3;
  ssl_session_tickets off;
  underscores_in_headers off;

  # Every request is asked about here: no other location, no rewrite, no return, and no path behind proxy_pass.
  location / {
    auth_request /_gatehouse;
${copied.map(({ name, variable }) => `    auth_request_set ${variable} $upstream_http_${name.toLowerCase().replaceAll('-', '_')};\n    proxy_set_header ${name} ${variable};\n`).join('')}    proxy_set_header Host $http_host;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $gatehouse_connection;
    proxy_http_version 1.1;
    proxy_pass http://gatehouse_application;
  }
  location = /_gatehouse {
    internal;
    proxy_pass http://gatehouse${checkPath('nginx', settings)};
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Upgrade "";
    proxy_pass_request_body off;
    proxy_set_header Content-Length "";
    proxy_set_header Transfer-Encoding "";
    proxy_connect_timeout 1s;
    proxy_read_timeout 2s;
    proxy_cache off;
    proxy_set_header Host $http_host;
    proxy_set_header X-Gatehouse-Method $request_method;
    proxy_set_header X-Gatehouse-Uri $request_uri;
    proxy_set_header X-Gatehouse-Scheme $scheme;
    proxy_set_header X-Gatehouse-Certificate "=$ssl_client_escaped_cert";
    proxy_set_header X-Gatehouse-Verified "=$ssl_client_verify";
    proxy_set_header X-Gatehouse-Sni "=$ssl_server_name";
    proxy_set_header X-Gatehouse-Source $remote_addr:$remote_port;
    proxy_set_header X-Gatehouse-Destination $server_addr:$server_port;
  }
}
`;
  return { files: [{ name: 'gatehouse.conf', text }], certificates: watchCommand(settings, 'nginx -s reload') };
}
