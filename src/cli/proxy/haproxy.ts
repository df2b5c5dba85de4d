/**
 * HAProxy: an action in Lua that asks before every request.
 * @module
 */
import { GatehouseError } from '../../errors.ts';
import { addressText, checkPath, copiedHeaders, type Printed, type ProxySettings, watchCommand } from './settings.ts';
import { isOlder } from './versions.ts';

const LUA = 'gatehouse.lua';

/** A configuration, and the script that it loads from the directory in which HAProxy is started. */
export function haproxyConfig(settings: ProxySettings): Printed {
  const { gatehouse, certificates } = settings;
  if ('unix' in gatehouse)
    throw new GatehouseError('not_supported', "HAProxy's Lua asks over TCP alone: say --gatehouse 127.0.0.1:PORT");
  const files = [
    { name: 'haproxy.cfg', text: haproxyText(settings) },
    { name: LUA, text: luaText(settings, `http://${addressText(gatehouse)}${checkPath('haproxy', settings)}`) },
  ];
  const join = `cd ${certificates} && cat svid.pem key.pem > haproxy.pem.new && chmod 600 haproxy.pem.new && mv haproxy.pem.new haproxy.pem`;
  return { files, certificates: watchCommand(settings, `${join} && systemctl reload haproxy`) };
}

function haproxyText(settings: ProxySettings): string {
  const { listen, upstream, certificates, version } = settings;
  const retries = isOlder(version, [3, 2, 0]) ? '' : '\n  httpclient.retries 0';
  const set = copiedHeaders(settings).flatMap((name, i) => [
    `  http-request del-header ${name}`,
    `  http-request set-header ${name} %[var(txn.gatehouse_h${i})] if { var(txn.gatehouse_h${i}) -m len gt 0 }`,
  ]);
  return `global
  lua-load ${LUA}${retries}
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout tunnel 1h
  timeout http-request 10s
frontend gatehouse
  bind ${addressText(listen)} ssl crt ${certificates}/haproxy.pem ca-file ${certificates}/bundle.pem verify optional alpn http/1.1 no-tls-tickets
  # Every request is asked about here, before any other rule.
  http-request set-var(txn.gatehouse_certificate) ssl_c_der,base64 if { ssl_c_used }
  http-request set-var(txn.gatehouse_sni) ssl_fc_sni
  http-request set-var(txn.gatehouse_source) src
  http-request set-var(txn.gatehouse_source_port) src_port
  http-request set-var(txn.gatehouse_destination) dst
  http-request set-var(txn.gatehouse_destination_port) dst_port
  http-request set-var(txn.gatehouse_method) method
  http-request set-var(txn.gatehouse_uri) pathq
  http-request lua.gatehouse
  http-request deny deny_status 401 if { var(txn.gatehouse_status) -m str 401 }
  http-request deny deny_status 403 unless { var(txn.gatehouse_status) -m str 200 }
${set.join('\n')}
  default_backend application
backend application
  server application ${addressText(upstream)}
`;
}

function luaText(settings: ProxySettings, url: string): string {
  const copied = copiedHeaders(settings).map((name) => `"${name.toLowerCase()}"`);
  return `-- Asks Gatehouse about each request; whatever goes wrong is no 200, and is denied.
local url = "${url}"
local copied = { ${copied.join(', ')} }
local own = { host = true, connection = true, upgrade = true, expect = true, te = true, trailer = true,
  ["content-length"] = true, ["transfer-encoding"] = true, ["keep-alive"] = true, ["proxy-connection"] = true }

local function text(txn, name)
  local value = txn:get_var("txn.gatehouse_" .. name)
  if value == nil then return "" end
  return tostring(value)
end

core.register_action("gatehouse", { "http-req" }, function(txn)
  txn:set_var("txn.gatehouse_status", "none")
  local headers = {}
  local host = nil
  local all = txn.http:req_get_headers()
  local key, values = next(all)
  while key ~= nil do
    local name = string.lower(key)
    local lines = {}
    for i = 0, #values do lines[#lines + 1] = values[i] end
    if name == "host" then host = lines end
    if not own[name] and (string.sub(name, 1, 12) ~= "x-gatehouse-") then headers[name] = lines end
    key, values = next(all, key)
  end
  if host ~= nil and #host == 1 then headers["host"] = host end
  headers["x-gatehouse-method"] = { text(txn, "method") }
  headers["x-gatehouse-uri"] = { text(txn, "uri") }
  headers["x-gatehouse-scheme"] = { "https" }
  headers["x-gatehouse-certificate"] = { "=" .. text(txn, "certificate") }
  headers["x-gatehouse-sni"] = { "=" .. text(txn, "sni") }
  headers["x-gatehouse-source"] = { text(txn, "source") .. ":" .. text(txn, "source_port") }
  headers["x-gatehouse-destination"] = { text(txn, "destination") .. ":" .. text(txn, "destination_port") }
  local answer = core.httpclient():get({ url = url, headers = headers, timeout = 2000 })
  if answer == nil or answer.status == nil then return end
  for i = 1, #copied do
    local lines = answer.headers ~= nil and answer.headers[copied[i]] or nil
    txn:set_var("txn.gatehouse_h" .. (i - 1), lines ~= nil and lines[0] or "")
  end
  txn:set_var("txn.gatehouse_status", tostring(answer.status))
end)
`;
}
