/**
 * Opens a link in the browser of whoever sits here.
 * @module
 */
import { spawn } from 'node:child_process';

/** @param failed  is told why it could not */
export function openBrowser(url: string, failed: (why: string) => void): void {
  const program = process.platform === 'darwin' ? 'open' : 'xdg-open';
  const child = spawn(program, [url], { stdio: 'ignore', detached: true });
  child.once('error', ({ message }) => failed(message));
  child.unref();
}
