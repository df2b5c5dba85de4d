/**
 * The few calls of the C library that sockets need and Node does not have. Linux only.
 * @module
 */
import koffi from 'koffi';

interface SocketCalls {
  getsockopt(fd: number, level: number, option: number, value: Buffer, length: [number]): number;
  poll(fds: Buffer, count: number, timeoutMs: number): number;
  close(fd: number): number;
  fcntl(fd: number, command: number, argument: number): number;
  socketpair(domain: number, type: number, protocol: number, fds: Buffer): number;
}

let calls: SocketCalls | undefined;

function libc(): SocketCalls {
  if (calls === undefined) {
    const library = koffi.load(null); // the process itself: libc is in it
    calls = {
      getsockopt: library.func('int getsockopt(int, int, int, void *, _Inout_ uint32_t *)'),
      poll: library.func('int poll(void *, unsigned long, int)'),
      close: library.func('int close(int)'),
      fcntl: library.func('int fcntl(int, int, int)'),
      socketpair: library.func('int socketpair(int, int, int, void *)'),
    };
  }
  return calls;
}

/** The bytes of a socket option, or undefined where the kernel does not give it (`man 7 socket`, `man 7 unix`). */
export function socketOption(fd: number, level: number, option: number, maxBytes: number): Buffer | undefined {
  const value = Buffer.alloc(maxBytes);
  const length: [number] = [maxBytes];
  return libc().getsockopt(fd, level, option, value, length) === 0 ? value.subarray(0, length[0]) : undefined;
}

const POLLFD_BYTES = 8;
const POLLIN = 1;

/** Which of these descriptors are readable at this moment, in the same order; one system call for all. */
export function readableNow(fds: readonly number[]): boolean[] {
  const buffer = Buffer.alloc(fds.length * POLLFD_BYTES);
  for (const [i, fd] of fds.entries()) {
    buffer.writeInt32LE(fd, i * POLLFD_BYTES);
    buffer.writeInt16LE(POLLIN, i * POLLFD_BYTES + 4);
  }
  libc().poll(buffer, fds.length, 0);
  return fds.map((_, i) => buffer.readInt16LE(i * POLLFD_BYTES + 6) !== 0);
}

/** Closes a descriptor that Node does not own (`man 2 close`). */
export function closeDescriptor(fd: number): void {
  libc().close(fd);
}

const F_DUPFD_CLOEXEC = 1030;

/** Returns a second descriptor of the same (`man 2 fcntl`, F_DUPFD_CLOEXEC), or undefined when there is none left. */
export function duplicateDescriptor(fd: number): number | undefined {
  const copy = libc().fcntl(fd, F_DUPFD_CLOEXEC, 0);
  return copy < 0 ? undefined : copy;
}

const AF_UNIX = 1;
const SOCK_STREAM_CLOEXEC = 0o2000001;

/** Makes two unix sockets that are connected to each other (`man 2 socketpair`); undefined where that cannot be. */
export function connectedDescriptors(): readonly [number, number] | undefined {
  const fds = Buffer.alloc(8);
  if (libc().socketpair(AF_UNIX, SOCK_STREAM_CLOEXEC, 0, fds) !== 0) return undefined;
  return [fds.readInt32LE(0), fds.readInt32LE(4)];
}
