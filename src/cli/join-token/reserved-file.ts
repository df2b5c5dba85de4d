/**
 * A new file that is there, with room on its disk, before what goes into it is made: what can be had only once must not be lost for
 * want of a place.
 * @module
 */
import { type FileHandle, open, rm } from 'node:fs/promises';
import { GatehouseError } from '../../errors.ts';

/** A file that holds nothing yet; it is removed where it is disposed of before it was filled. */
export interface ReservedFile extends AsyncDisposable {
  /** Writes the whole content; durable when it returns. @throws GatehouseError `store_unusable` */
  fill(content: string): Promise<void>;
}

/** More than a join token with the certificates of some authorities takes. */
const ROOM_BYTES = 64 * 1024;

/** Makes a file, 0600, where nothing is. @throws GatehouseError `store_unusable`, also where something is there already */
export async function reserveFile(path: string): Promise<ReservedFile> {
  const file = await open(path, 'wx', 0o600).catch((thrown: unknown) => refuse(path, thrown));
  let isFilled = false;
  const remove = async (): Promise<void> => {
    await file.close();
    if (!isFilled) await rm(path, { force: true });
  };
  try {
    await overwrite(file, ' '.repeat(ROOM_BYTES));
  } catch (thrown) {
    await remove();
    refuse(path, thrown);
  }
  return {
    async fill(content) {
      try {
        await overwrite(file, content);
        isFilled = true;
      } catch (thrown) {
        refuse(path, thrown);
      }
    },
    [Symbol.asyncDispose]: remove,
  };
}

/** Over what is there, never to nothing first: the room stays ours. */
async function overwrite(file: FileHandle, content: string): Promise<void> {
  const bytes = Buffer.from(content);
  for (let done = 0; done < bytes.length; )
    done += (await file.write(bytes, done, bytes.length - done, done)).bytesWritten;
  await file.truncate(bytes.length);
  await file.sync();
}

function refuse(path: string, thrown: unknown): never {
  const error = thrown as NodeJS.ErrnoException; // node:fs throws nothing else
  const why = error.code === 'EEXIST' ? 'something with that name already exists; choose another' : error.message;
  throw new GatehouseError('store_unusable', `cannot write ${path}: ${why}`, { file: path }, { cause: thrown });
}
