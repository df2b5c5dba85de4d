#!/usr/bin/env node
/**
 * Generates `src/gen/` from the protos, unless the hash of all inputs is the one it was last made from.
 *
 * Called first by every npm script, because `ignore-scripts` keeps lifecycle scripts from running. `--force` always generates.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
if (Number(process.versions.node.split('.')[0]) < 24) {
  console.error(
    `gatehouse needs Node 24 and this is ${process.version}. \`npm ci\` installs one for Linux on x64 and arm64 ` +
      '(optional dependency node-linux-*); on other machines put Node 24 first on PATH.',
  );
  process.exit(2);
}

const envoy = 'node_modules/@grpc/grpc-js-xds/deps/envoy-api/envoy';
/** What a sidecar's bootstrap holds beside the Bootstrap message itself: each `@type` that `src/cli/envoy` writes. */
const inBootstraps = [
  'access_loggers/file/v3/file',
  'access_loggers/filters/cel/v3/cel',
  'access_loggers/grpc/v3/als',
  'access_loggers/stream/v3/stream',
  'common/matching/v3/extension_matcher',
  'filters/common/matcher/action/v3/skip_action',
  'filters/http/composite/v3/composite',
  'filters/http/ext_authz/v3/ext_authz',
  'filters/http/lua/v3/lua',
  'filters/http/rbac/v3/rbac',
  'filters/http/router/v3/router',
  'filters/http/set_filter_state/v3/set_filter_state',
  'filters/network/ext_authz/v3/ext_authz',
  'filters/network/http_connection_manager/v3/http_connection_manager',
  'filters/network/rbac/v3/rbac',
  'filters/network/set_filter_state/v3/set_filter_state',
  'filters/network/tcp_proxy/v3/tcp_proxy',
  'http/early_header_mutation/header_mutation/v3/header_mutation',
  'resource_monitors/downstream_connections/v3/downstream_connections',
  'transport_sockets/tls/v3/tls',
  'upstreams/http/v3/http_protocol_options',
];
const inputs = [
  'proto/spiffe',
  'proto/grpc',
  'proto/istio',
  'proto/gatehouse',
  `${envoy}/service/accesslog/v3`,
  `${envoy}/service/auth/v3`,
  `${envoy}/service/extension/v3`,
  `${envoy}/service/secret/v3`,
  `${envoy}/extensions/transport_sockets/tls/v3/common.proto`,
  `${envoy}/extensions/transport_sockets/tls/v3/secret.proto`,
  `${envoy}/extensions/transport_sockets/tls/v3/tls_spiffe_validator_config.proto`,
  `${envoy}/config/bootstrap/v3/bootstrap.proto`,
  `${envoy}/extensions/matching/common_inputs/network/v3/network_inputs.proto`,
  `${envoy}/extensions/matching/common_inputs/ssl/v3/ssl_inputs.proto`,
  ...inBootstraps.map((path) => `${envoy}/extensions/${path}.proto`),
].filter((path) => existsSync(join(root, path)));

/**
 * The package's rules are older than its protos, which know `ignore_empty`: a value that is empty breaks nothing. The field
 * numbers are those of protoc-gen-validate 1.0.
 */
function writeRulesOfToday() {
  const numbers = { StringRules: 26, BytesRules: 14, RepeatedRules: 5, MapRules: 6 };
  const text = readFileSync(
    join(root, 'node_modules/@grpc/grpc-js-xds/deps/protoc-gen-validate/validate/validate.proto'),
    'utf8',
  );
  const whole = text.replace(
    /^message (\w*(?:Float|Double|Int|Fixed)\w*|String|Bytes|Repeated|Map)Rules \{$/gm,
    (line, of) => {
      return `${line}\n    optional bool ignore_empty = ${numbers[`${of}Rules`] ?? 8};`;
    },
  );
  mkdirSync(join(root, '.cache/protos/validate'), { recursive: true });
  writeFileSync(join(root, '.cache/protos/validate/validate.proto'), whole);
}

const hash = createHash('sha256').update(inputs.join());
const own = globSync('proto/**/*.proto', { cwd: root }).sort();
for (const file of [...own, 'buf.yaml', 'buf.gen.yaml']) hash.update(file).update(readFileSync(join(root, file)));
hash.update(readFileSync(fileURLToPath(import.meta.url)));
for (const name of ['@grpc/grpc-js-xds', '@bufbuild/buf', '@bufbuild/protoc-gen-es']) {
  hash.update(JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')).version);
}
const wanted = hash.digest('hex');
const stamp = join(root, 'src/gen/.inputs');
const fresh = existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted;

if (!fresh || process.argv.includes('--force')) {
  const bin = join(root, 'node_modules/.bin');
  writeRulesOfToday();
  console.error('generating src/gen/ from the protos …');
  const run = spawnSync(join(bin, 'buf'), ['generate', ...inputs.flatMap((path) => ['--path', path])], {
    cwd: root,
    env: { ...process.env, PATH: `${bin}:${process.env.PATH}` },
    stdio: ['ignore', 2, 2],
  });
  if (run.status !== 0) {
    console.error('generating from the protos failed; is `npm ci` complete?');
    process.exit(2);
  }
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, wanted);
}
