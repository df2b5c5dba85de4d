/**
 * Listening, whatever the address; on TCP here.
 * @module
 */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { GatehouseError } from '../../errors.ts';
import {
  type ListenAddress,
  type Listener,
  type ListenOptions,
  type TcpAddress,
  textOfAddress,
} from './listen-address.ts';
import { listenUnix } from './unix-listener.ts';

/**
 * Listens on an address. Resolves when connections are accepted.
 *
 * @throws GatehouseError `address_in_use` when somebody listens there, `config_invalid` when it cannot be had at all
 */
export function listen(address: ListenAddress, options: ListenOptions = {}): Promise<Listener> {
  return address.kind === 'unix' ? listenUnix(address, options) : listenTcp(address, options);
}

const BACKLOG = 1024;

const explanations: ReadonlyMap<string, string> = new Map(
  Object.entries<string>({
    EADDRINUSE: 'another process listens there: stop it (`ss -ltnp` names it), or choose another port',
    EADDRNOTAVAIL: 'this machine has no such address',
    EACCES: 'a port below 1024 needs CAP_NET_BIND_SERVICE',
    ENOTFOUND: 'the host name is not known',
  }),
);

/** Listens on a TCP address. @throws GatehouseError `address_in_use`, `config_invalid` */
async function listenTcp(address: TcpAddress, options: ListenOptions): Promise<Listener> {
  const server = createServer({ ...options, noDelay: true });
  server.listen({ host: address.host, port: address.port, backlog: BACKLOG });
  try {
    await once(server, 'listening');
  } catch (thrown) {
    throw explain(thrown, address);
  }
  const { port } = server.address() as AddressInfo; // a TCP server has one
  return {
    server,
    address: { ...address, port },
    async [Symbol.asyncDispose]() {
      if (server.listening) server.close(); // its callback would wait for the connections
    },
  };
}

function explain(thrown: unknown, address: TcpAddress): GatehouseError {
  const code = thrown instanceof Error ? ((thrown as NodeJS.ErrnoException).code ?? '') : ''; // Node's own errors have one
  const text = textOfAddress(address);
  return new GatehouseError(
    code === 'EADDRINUSE' ? 'address_in_use' : 'config_invalid',
    `cannot listen on ${text}: ${explanations.get(code) ?? String(thrown)}`,
    { address: text, cause: code },
    { cause: thrown },
  );
}
