/**
 * A connection without a network: what is said to it is heard at once, what it is sent is kept.
 * @module
 */
import { Duplex } from 'node:stream';

export class StillDuplex extends Duplex {
  readonly sent: Buffer[] = [];

  override _read(): void {}

  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.sent.push(chunk);
    done();
  }

  /** Hands bytes to whoever reads. */
  say(bytes: Buffer): void {
    if (!this.destroyed) this.emit('data', bytes);
  }
}
