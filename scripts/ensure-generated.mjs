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
const inputs = [
  'proto/spiffe',
  'proto/grpc',
  'proto/istio',
  'proto/gatehouse',
  `${envoy}/service/auth/v3`,
  `${envoy}/service/secret/v3`,
  `${envoy}/extensions/transport_sockets/tls/v3/common.proto`,
  `${envoy}/extensions/transport_sockets/tls/v3/secret.proto`,
  `${envoy}/extensions/transport_sockets/tls/v3/tls_spiffe_validator_config.proto`,
].filter((path) => existsSync(join(root, path)));

const hash = createHash('sha256').update(inputs.join());
const own = globSync('proto/**/*.proto', { cwd: root }).sort();
for (const file of [...own, 'buf.yaml', 'buf.gen.yaml']) hash.update(file).update(readFileSync(join(root, file)));
for (const name of ['@grpc/grpc-js-xds', '@bufbuild/buf', '@bufbuild/protoc-gen-es']) {
  hash.update(JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')).version);
}
const wanted = hash.digest('hex');
const stamp = join(root, 'src/gen/.inputs');
const fresh = existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted;

if (!fresh || process.argv.includes('--force')) {
  const bin = join(root, 'node_modules/.bin');
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
