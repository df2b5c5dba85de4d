/**
 * The peer of a unix socket, as the kernel knows it.
 * @module
 */
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { NO_ID } from '../../lib/accounts.ts';
import { closeDescriptor, readableNow, socketOption } from './libc.ts';
import { unmappedId } from './unmapped-id.ts';

/** What the kernel says of the process that connected, at the moment when it did (`man 7 unix`, SO_PEERCRED). */
export interface PeerCredentials {
  /** 0: the process lives in a PID namespace that we cannot see into. */
  readonly pid: number;
  /** `NO_ID`: a user whom our user namespace does not have, so that nobody can tell which. */
  readonly uid: number;
  /** Likewise. */
  readonly gid: number;
  /** Supplementary groups, from SO_PEERGROUPS, without those that cannot be told. */
  readonly groups: readonly number[];
  /** A handle on that very process; undefined if its pid is 0 or it had ended before we could look. */
  readonly process: PeerProcess | undefined;
}

/** A handle on one process; a later process with the same pid is not it. */
export interface PeerProcess {
  /** False as soon as that process has ended, or `close` was called. */
  alive(): boolean;
  /** Lets go of the handle. */
  close(): void;
}

const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
const SO_PEERGROUPS = 59;
const SO_PEERPIDFD = 77;
/** Linux lets a process be in at most 65,536 groups, four bytes each. */
const MAX_GROUP_BYTES = 65_536 * 4;
const USUAL_GROUP_BYTES = 64 * 4;
const unmappedUser = unmappedId('uid');
const unmappedGroup = unmappedId('gid');

/** Reads the credentials of an accepted unix connection; undefined if it is no unix socket or already closed. The caller closes `process`. */
export function peerCredentialsOf(socket: Socket): PeerCredentials | undefined {
  const fd = descriptorOf(socket);
  if (fd === undefined) return undefined;
  const credentials = socketOption(fd, SOL_SOCKET, SO_PEERCRED, 12);
  if (credentials?.length !== 12) return undefined;
  const [pid, uid, gid] = [credentials.readInt32LE(0), credentials.readUInt32LE(4), credentials.readUInt32LE(8)];
  // A TCP socket answers too, with "nobody": pid 0 and the two ids that stand for none.
  if (uid === NO_ID) return undefined;
  return {
    pid,
    uid: uid === unmappedUser ? NO_ID : uid,
    gid: gid === unmappedGroup ? NO_ID : gid,
    groups: groupsOf(fd).filter((each) => each !== unmappedGroup),
    process: pid > 0 ? (processOf(fd) ?? processByStartTime(pid)) : undefined,
  };
}

/** Returns the descriptor of a socket; undefined once it is closed. Node keeps it on the handle, which is not part of its types. */
export function descriptorOf(socket: Socket): number | undefined {
  const handle: unknown = Reflect.get(socket, '_handle');
  const fd: unknown = typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'fd') : undefined;
  return typeof fd === 'number' && fd >= 0 ? fd : undefined;
}

function groupsOf(fd: number): number[] {
  const bytes =
    socketOption(fd, SOL_SOCKET, SO_PEERGROUPS, USUAL_GROUP_BYTES) ??
    socketOption(fd, SOL_SOCKET, SO_PEERGROUPS, MAX_GROUP_BYTES);
  if (bytes === undefined) return [];
  return Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readUInt32LE(i * 4));
}

/** By SO_PEERPIDFD (Linux 6.5). */
function processOf(fd: number): PeerProcess | undefined {
  const bytes = socketOption(fd, SOL_SOCKET, SO_PEERPIDFD, 4);
  if (bytes?.length !== 4) return undefined;
  const pidfd = bytes.readInt32LE(0);
  let open = true;
  return {
    alive: () => open && !(readableNow([pidfd])[0] ?? true), // a pidfd turns readable when its process ends
    close() {
      if (!open) return;
      open = false;
      closeDescriptor(pidfd);
    },
  };
}

/** On older kernels: the same pid with the same start time is the same process, a zombie is none. */
function processByStartTime(pid: number): PeerProcess | undefined {
  const startedAt = startTimeOf(pid);
  return startedAt === undefined ? undefined : { alive: () => startTimeOf(pid) === startedAt, close: () => undefined };
}

/** Fields 3 (state) and 22 (start time) of /proc/PID/stat; the second field may hold any character, so count from its end. */
function startTimeOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  } catch {
    return undefined; // no such process
  }
}
