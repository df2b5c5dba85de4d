/**
 * A lane whose Check decides nothing: what the transport alone costs. Prints its port.
 * Usage: node bench/lane-empty.ts [PORT]
 * @module
 */
import { createServer } from 'node:net';
import { createLane } from '../src/transport/lane/lane.ts';

const reply = Buffer.from([0x0a, 0x00, 0x1a, 0x00]); // CheckResponse { status {}, ok_response {} }
const lane = createLane<string>({
  methods: new Map([['/envoy.service.auth.v3.Authorization/Check', () => reply]]),
});
const server = createServer((socket) => lane.accept(socket, 'bench'));
server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => {
  const address = server.address();
  console.log(typeof address === 'object' && address !== null ? address.port : address);
});
process.once('SIGTERM', () => process.exit(0));
