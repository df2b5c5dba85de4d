/**
 * Tells the service manager how we are, as `man 3 sd_notify` has it: one datagram of `NAME=VALUE` lines to `NOTIFY_SOCKET`.
 * @module
 */
import koffi from 'koffi';

/** Who started us and wants to know; without one nothing is told. */
export interface ServiceManager extends Disposable {
  /** All is open: the start is over, or a reload. */
  ready(): void;
  /** The configuration is read again; `ready` follows, whatever comes of it. */
  reloading(): void;
  stopping(): void;
}

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
/** `sockaddr_un` (`man 7 unix`): the family, then the path; an abstract name begins with a zero byte and ends with its last. */
const FAMILY_BYTES = 2;
const PATH_BYTES = 108;

/**
 * Creates it from an environment, and takes the variables out of there: what we start must not speak in our place.
 *
 * @param failed  told of a manager that cannot be told
 */
export function createServiceManager(environment: NodeJS.ProcessEnv, failed: (why: string) => void): ServiceManager {
  const { NOTIFY_SOCKET: name = '', WATCHDOG_USEC: watchdogUsec = '', WATCHDOG_PID: watchdogPid = '' } = environment;
  for (const each of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete environment[each];
  const tell = name === '' || process.platform !== 'linux' ? () => undefined : tellerTo(name, failed);
  const isWatched = /^[1-9]\d*$/.test(watchdogUsec) && (watchdogPid === '' || Number(watchdogPid) === process.pid);
  // Twice in the time that is given; a loop that is held up sends nothing, and that is the point of it.
  const beats = isWatched ? setInterval(() => tell('WATCHDOG=1'), Number(watchdogUsec) / 2_000).unref() : undefined;
  return {
    ready: () => tell('READY=1\nSTATUS=ready'),
    reloading: () =>
      tell(`RELOADING=1\nMONOTONIC_USEC=${process.hrtime.bigint() / 1_000n}\nSTATUS=reading the configuration again`),
    stopping: () => tell('STOPPING=1\nSTATUS=draining'),
    [Symbol.dispose]: () => clearInterval(beats),
  };
}

function tellerTo(name: string, failed: (why: string) => void): (text: string) => void {
  const address = addressOf(name);
  if (address === undefined) {
    failed(`NOTIFY_SOCKET ${name} is neither a path nor an abstract name of at most ${PATH_BYTES} bytes`);
    return () => undefined;
  }
  const send = datagrams();
  return (text) => {
    if (!send(address, Buffer.from(text))) failed(`nobody takes what is told at NOTIFY_SOCKET ${name}`);
  };
}

/** The bytes of `sockaddr_un`; undefined for what is no such address. */
function addressOf(name: string): Buffer | undefined {
  const path = Buffer.from(name);
  if (!/^[/@]./s.test(name) || path.length > (name.startsWith('@') ? PATH_BYTES : PATH_BYTES - 1)) return undefined;
  if (name.startsWith('@')) path[0] = 0;
  const address = Buffer.alloc(FAMILY_BYTES + path.length + (name.startsWith('@') ? 0 : 1));
  address.writeUInt16LE(AF_UNIX);
  path.copy(address, FAMILY_BYTES);
  return address;
}

interface Calls {
  socket(domain: number, type: number, protocol: number): number;
  sendto(fd: number, bytes: Buffer, length: number, flags: number, address: Buffer, addressLength: number): number;
  close(fd: number): number;
}

/** Sends one datagram, without waiting; whether it was taken. */
function datagrams(): (address: Buffer, bytes: Buffer) => boolean {
  const library = koffi.load(null); // the process itself: libc is in it
  const calls: Calls = {
    socket: library.func('int socket(int, int, int)'),
    sendto: library.func('long sendto(int, void *, size_t, int, void *, uint32_t)'),
    close: library.func('int close(int)'),
  };
  return (address, bytes) => {
    const fd = calls.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return false;
    const sent = calls.sendto(fd, bytes, bytes.length, MSG_DONTWAIT | MSG_NOSIGNAL, address, address.length);
    calls.close(fd);
    return sent === bytes.length;
  };
}
