/**
 * What a caller says that it will do with what it gets, in metadata of ours; other callers say nothing, and other servers do not
 * read it.
 * @module
 */
import { GatehouseError } from '../../../errors.ts';
import type { CallMetadata } from '../../../transport/grpc-methods.ts';

/** It only looks: it gets certificates without keys, and so is no holder that a rotation would wait for. */
const LOOK = 'gatehouse-look';
/** It needs them for so many seconds: they live no longer, and nor does what a rotation waits for. */
const LIFE = 'gatehouse-life';

const LEAST_LIFE_SECONDS = 30;

/** What a caller will do with what it gets. */
export interface Usage {
  readonly looks: boolean;
  /** Milliseconds; undefined: as long as its entries say. */
  readonly lifeMs: number | undefined;
}

/** @throws GatehouseError `message_invalid` */
export function usageOf(metadata: CallMetadata): Usage {
  const [look] = metadata.get(LOOK);
  const [life] = metadata.get(LIFE);
  if (look !== undefined && look !== 'true') throw invalid(`${LOOK} can only be true`);
  if (life !== undefined && (typeof life !== 'string' || !/^[1-9][0-9]{0,8}$/.test(life)))
    throw invalid(`${LIFE} is a number of seconds`);
  const seconds = life === undefined ? undefined : Math.max(LEAST_LIFE_SECONDS, Number(life));
  return { looks: look !== undefined, lifeMs: seconds === undefined ? undefined : seconds * 1000 };
}

function invalid(peerText: string): GatehouseError {
  return new GatehouseError('message_invalid', peerText, { peerText });
}
