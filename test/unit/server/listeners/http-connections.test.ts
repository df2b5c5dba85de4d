import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { Ticks } from '../../../../src/lib/ticks.ts';
import { createHttpConnections } from '../../../../src/server/listeners/http-connections.ts';

/** Ticks by hand. */
function handTicks() {
  const listeners = new Set<() => void>();
  const ticks: Ticks = {
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  return { ticks, heardBy: () => listeners.size };
}

/** What the book needs of a socket. */
function socketStub(): Socket {
  const socket = Object.assign(new EventEmitter(), {
    writableLength: 0,
    destroyed: false,
    destroy: () => socket.emit('close'),
  });
  return socket as unknown as Socket; // nothing else of it is asked for
}

describe('createHttpConnections', () => {
  it('is woken up only while there are connections', () => {
    const { ticks, heardBy } = handTicks();
    using connections = createHttpConnections({}, ticks);
    assert.equal(heardBy(), 0, 'a listener without connections sleeps');
    const [first, second] = [socketStub(), socketStub()];
    connections.add(first, ['a', '']);
    connections.add(second, ['b', '']);
    assert.equal(heardBy(), 1);
    first.destroy();
    assert.equal(heardBy(), 1);
    second.destroy();
    assert.equal(heardBy(), 0);
    connections.add(socketStub(), ['a', '']);
    assert.equal(heardBy(), 1);
  });
});
