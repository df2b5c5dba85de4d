/**
 * One connection to a listener with mTLS.
 * @module
 */
import { connect } from 'node:tls';
import type { ClientIdentity } from './svid-of.ts';

/** Everything that came until the connection ended, having sent `bytes`. */
export function converse(port: number, identity: ClientIdentity, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    const { cert, key } = identity;
    const socket = connect({ host: '127.0.0.1', port, cert, key, rejectUnauthorized: false }, () =>
      socket.write(bytes),
    );
    let got = '';
    socket.setEncoding('utf8').on('data', (text: string) => {
      got += text;
      if (got.endsWith(bytes)) socket.end();
    });
    socket.on('error', (error) => resolve(`${got} ${error.message}`));
    socket.on('close', () => resolve(got));
  });
}
