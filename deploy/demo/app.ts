/**
 * A tiny application of the bookinfo slice, as a process of its own: `app.ts NAME [SERVER_PORT]`.
 *
 * `details` answers itself. A client passes whatever it is asked on to its own sidecar at SERVER_PORT, as its own call.
 * Prints the port that it listens on.
 * @module
 */
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';

const [name = 'details', serverPort] = process.argv.slice(2);

function answer(_: IncomingMessage, response: ServerResponse): void {
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ app: name, id: 1, author: 'William Shakespeare', pages: 200 }));
}

function passOn(incoming: IncomingMessage, response: ServerResponse): void {
  const { method, url, headers } = incoming;
  const call = request({ host: '127.0.0.1', port: serverPort, method, path: url, headers }, (answered) => {
    response.writeHead(answered.statusCode ?? 502, answered.headers);
    answered.pipe(response);
  });
  call.on('error', (error) => response.writeHead(502).end(`${name}: ${error.message}\n`));
  incoming.pipe(call);
}

const server = createServer(serverPort === undefined ? answer : passOn);
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  console.log(typeof address === 'object' ? address?.port : address);
});
process.on('SIGTERM', () => process.exit(0));
