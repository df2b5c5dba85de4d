/**
 * The calls of the C library that hardening and the look at the clock need. Linux only; elsewhere they answer -1.
 * @module
 */
import koffi from 'koffi';

interface Functions {
  prctl(option: number, a: number, b: number, c: number, d: number): number;
  setrlimit(resource: number, limit: Uint8Array): number;
  adjtimex(status: Uint8Array): number;
}

/** Looked up once; a machine without them hardens nothing, and the caller logs it. */
export const func: Functions = load();

function load(): Functions {
  if (process.platform !== 'linux') return { prctl: () => -1, setrlimit: () => -1, adjtimex: () => -1 };
  const library = koffi.load(null); // the process itself: libc is in it
  return {
    prctl: library.func('int prctl(int, unsigned long, unsigned long, unsigned long, unsigned long)'),
    setrlimit: library.func('int setrlimit(int, void *)'),
    adjtimex: library.func('int adjtimex(void *)'),
  };
}

const TIME_ERROR = 5;
/** `struct timex`; zero in its first field asks and changes nothing. */
const TIMEX_BYTES = 208;

/** Whether the kernel believes its clock (`man 2 adjtimex`); undefined where it does not say. */
export function isClockSynchronised(): boolean | undefined {
  const state = func.adjtimex(Buffer.alloc(TIMEX_BYTES));
  return state < 0 ? undefined : state !== TIME_ERROR;
}
