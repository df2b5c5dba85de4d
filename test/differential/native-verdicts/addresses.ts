/**
 * Who is where: callers at addresses of this machine, workloads at addresses that a PROXY header says.
 * @module
 */
import { ownAddress } from '../../support/own-address.ts';
import type { Place } from './draw-policies.ts';
import type { Question } from './draw-questions.ts';

/** The ports of every workload; the first has the name `web`. */
export const placePorts = [8080, 9090, 7000] as const;

/** The addresses that are asked for: of two pods of the place, and one of nobody. */
export const placeAddresses = (place: number): readonly [string, string, string] => [
  `10.9.${place}.1`,
  `10.9.${place}.2`,
  `10.9.${place}.9`,
];

/** Of the pod of a caller, by its index. */
export const callerAddress = (caller: number): string => `127.8.0.${caller + 1}`;

/** The same pod's second one. */
export const secondAddress = (caller: number): string => `127.8.1.${caller + 1}`;

const NOBODY = '127.8.9.9';
const HOP = '127.7.0.1';

/** Where a question comes from, and what it asks for. */
export function endsOf(
  { from, caller, other, to: [address, port], isOfMachine, place: index }: Question,
  place: Place,
): { readonly from: string; readonly to: { readonly address: string; readonly port: number } } {
  const to = { address: placeAddresses(index)[address]!, port: placePorts[port]! };
  // Of callers of its own machine a gateway does not know the address.
  if (place.kind === 'gateway') return { from: isOfMachine ? '127.0.0.1' : ownAddress(), to };
  const at = {
    own: caller === undefined ? NOBODY : callerAddress(caller),
    second: secondAddress(caller ?? other),
    other: callerAddress(other),
    nobody: NOBODY,
    hop: HOP,
  };
  return { from: at[from], to };
}
