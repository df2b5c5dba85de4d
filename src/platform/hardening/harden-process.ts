/**
 * Keeps other processes out of this one's memory, which holds the keys of the authority.
 * @module
 */
import { func } from './libc-functions.ts';

const PR_SET_DUMPABLE = 4;
const PR_SET_PDEATHSIG = 1;
const RLIMIT_CORE = 4;
const SIGKILL = 9;

/** What could not be done, for the log; empty when all was. */
export type HardeningGap = 'debugger_signal_on' | 'dumpable' | 'core_files_on';

/**
 * No ptrace and no reading of `/proc/PID/mem` by others of the same uid (PR_SET_DUMPABLE), no core files.
 * The debugger that SIGUSR1 would open can only be switched off by Node's own flag `--disable-sigusr1`; if it is on, the answer says so.
 */
export function hardenProcess(): HardeningGap[] {
  const gaps: HardeningGap[] = [];
  if (!isDebuggerSignalOff()) gaps.push('debugger_signal_on');
  const limit = Buffer.alloc(16); // struct rlimit of two 64-bit zeros
  if (func.setrlimit(RLIMIT_CORE, limit) !== 0) gaps.push('core_files_on');
  if (func.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) !== 0) gaps.push('dumpable');
  return gaps;
}

/** Lets the kernel end this process with its parent, however that ends. */
export function dieWithParent(parentPid: number): void {
  func.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (process.ppid !== parentPid) process.exit(1); // it had ended before we asked
}

/** Whether SIGUSR1 can not open Node's debugger. */
function isDebuggerSignalOff(): boolean {
  const given = `${process.execArgv.join(' ')} ${process.env['NODE_OPTIONS'] ?? ''}`;
  return given.includes('--disable-sigusr1');
}
