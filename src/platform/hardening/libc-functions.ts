/**
 * The two calls of the C library that hardening needs. Linux only; elsewhere they answer -1.
 * @module
 */
import koffi from 'koffi';

interface Functions {
  prctl(option: number, a: number, b: number, c: number, d: number): number;
  setrlimit(resource: number, limit: Uint8Array): number;
}

/** Looked up once; a machine without them hardens nothing, and the caller logs it. */
export const func: Functions = load();

function load(): Functions {
  if (process.platform !== 'linux') return { prctl: () => -1, setrlimit: () => -1 };
  const library = koffi.load(null); // the process itself: libc is in it
  return {
    prctl: library.func('int prctl(int, unsigned long, unsigned long, unsigned long, unsigned long)'),
    setrlimit: library.func('int setrlimit(int, void *)'),
  };
}
