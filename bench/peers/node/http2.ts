/**
 * The floor of node:http2: every request gets the same gRPC reply, its body is read and dropped.
 * Usage: node http2.ts PORT
 * @module
 */
import { createServer } from 'node:http2';

const reply = Buffer.from([0, 0, 0, 0, 4, 0x0a, 0, 0x1a, 0]);
const server = createServer({ settings: { maxConcurrentStreams: 1000 } });
server.on('stream', (stream) => {
  stream.on('error', () => undefined); // the client may be gone
  stream.on('data', () => undefined);
  stream.on('end', () => {
    if (stream.destroyed) return;
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.once('wantTrailers', () => {
      if (!stream.destroyed) stream.sendTrailers({ 'grpc-status': '0' });
    });
    stream.end(reply);
  });
});
server.on('sessionError', () => undefined);
server.listen(Number(process.argv[2]), '127.0.0.1');
