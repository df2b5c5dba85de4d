/**
 * Reads the header blocks of one connection: its HPACK state, what its blocks meant before, and the block that is incomplete.
 * @module
 */
import type { GrpcMethod } from '../../grpc-methods.ts';
import { HpackDecoder } from '../hpack/decoder.ts';
import type { LaneHead, LaneMethod } from '../method.ts';
import { HeadCache } from '../request/head-cache.ts';
import type { HeaderBlock } from '../request/header-block.ts';
import type { HeadReader } from '../request/request-head.ts';
import { HEADER_TABLE_SIZE } from '../wire/protocol.ts';

/** Every block has to go through it, whatever becomes of its stream: the dynamic table must follow (RFC 9113 §4.3). */
export class HeaderReader<P> {
  readonly #heads: HeadReader<LaneMethod<P>, GrpcMethod<P>>;
  readonly #decoder: HpackDecoder;
  readonly #cache = new HeadCache<LaneMethod<P>, GrpcMethod<P>>();
  #block: HeaderBlock | undefined;

  /**
   * @param heads       collects the fields; all connections of a lane may share one
   * @param blockBytes  length of the longest block
   */
  constructor(heads: HeadReader<LaneMethod<P>, GrpcMethod<P>>, blockBytes: number) {
    this.#heads = heads;
    this.#decoder = new HpackDecoder(HEADER_TABLE_SIZE, blockBytes);
  }

  /** The block that waits for CONTINUATION. */
  get block(): HeaderBlock | undefined {
    return this.#block;
  }

  /** Keeps a block that goes on in CONTINUATION. */
  openBlock(block: HeaderBlock): void {
    this.#block = block;
  }

  /** Lets go of the block that waited: it is whole, or will never be. */
  closeBlock(): void {
    this.#block = undefined;
  }

  /** Returns the head that the block `bytes[start, end)` says, from the cache when it meant it before. Undefined: it is not HPACK. */
  readHead(bytes: Buffer, start: number, end: number): LaneHead<P> | undefined {
    const { table } = this.#decoder;
    const { version } = table;
    const known = this.#cache.find(bytes, start, end, version);
    if (known !== undefined) return known;
    if (!this.#decode(bytes, start, end)) return undefined;
    const head = this.#heads.head();
    if (table.version === version) this.#cache.keep(bytes, start, end, version, head);
    return head;
  }

  /** Returns whether the block `bytes[start, end)` may be trailers (RFC 9113 §8.1). Undefined: it is not HPACK. */
  readTrailers(bytes: Buffer, start: number, end: number): boolean | undefined {
    return this.#decode(bytes, start, end) ? this.#heads.trailersAreSound() : undefined;
  }

  #decode(bytes: Buffer, start: number, end: number): boolean {
    this.#heads.begin();
    return this.#decoder.decode(bytes, start, end, this.#heads);
  }
}
