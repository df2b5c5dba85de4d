/**
 * Connections on their way to a decider: each goes to the next in turn that is ready, and is not lost with one that dies.
 * @module
 */
import type { Socket } from 'node:net';
import type { ListenAddress } from '../../../transport/listen/listen-address.ts';
import { connectionLimit } from '../../listeners/connection-limit.ts';
import type { Door } from '../messages.ts';
import type { Handover, Place } from './place.ts';

/** Connections that no decider has taken yet, and those that one was given and has not said to have taken. */
const MOST_WAITING = connectionLimit('check');

/** Hands connections to the processes that stand in the places. */
export interface ConnectionHandover {
  /** Hands a connection to a process that serves at that door; it waits if none is ready, and is ended if too many do. */
  give(socket: Socket, listener: ListenAddress, door: Door): void;
  /** Hands over what has waited: a decider may be ready. */
  flush(): void;
  /** The process there has the connection now. */
  taken(place: Place, id: number): void;
  /** Gives to others what the process there has not said to have taken. */
  giveAnew(place: Place): void;
  /** Ends what waits, and lets nothing wait any more. */
  close(): void;
}

/** Creates the handover to `places`. */
export function createConnectionHandover(places: readonly Place[]): ConnectionHandover {
  const waiting: Handover[] = [];
  let closed = false;
  let turn = 0;
  let connections = 0;

  const isAble = ({ process, generation, handedOver }: Place): boolean =>
    process !== undefined && generation > 0 && handedOver.size < MOST_WAITING;
  const give: ConnectionHandover['give'] = (socket, listener, door) => {
    const able = places.filter((place) => place.door === door && isAble(place));
    const chosen = able[turn++ % Math.max(1, able.length)];
    if (chosen?.process !== undefined) {
      const id = connections++;
      chosen.handedOver.set(id, { socket, listener, door });
      chosen.isQuiet = false;
      chosen.process.send({ kind: 'connection', id, listener, door }, socket);
    } else if (waiting.length < MOST_WAITING && !closed) waiting.push({ socket, listener, door });
    else socket.destroy();
  };
  return {
    give,
    flush() {
      for (const { socket, listener, door } of waiting.splice(0)) give(socket, listener, door);
    },
    taken({ handedOver }, id) {
      handedOver.get(id)?.socket.destroy(); // our end; the decider has its own
      handedOver.delete(id);
    },
    giveAnew({ handedOver }) {
      const untaken = [...handedOver.values()];
      handedOver.clear();
      for (const { socket, listener, door } of untaken) give(socket, listener, door);
    },
    close() {
      closed = true;
      for (const { socket } of waiting.splice(0)) socket.destroy();
    },
  };
}
