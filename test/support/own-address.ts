/**
 * An address of this machine that is none of loopback.
 * @module
 */
import { networkInterfaces } from 'node:os';

/** The first one, IPv4. @throws Error where the machine has loopback alone */
export function ownAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const found = all.find(({ internal, family }) => !internal && family === 'IPv4');
  if (found === undefined) throw new Error('this machine has no IPv4 address but those of loopback');
  return found.address;
}
