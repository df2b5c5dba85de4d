/**
 * Keeps the compiled form of our modules for the next start.
 * @module
 */
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

/**
 * Keeps it where systemd says (`CacheDirectory=`), otherwise beside the program; where neither can be written, nothing is kept.
 * Never in the folder for temporary files, which is Node's own choice: who takes that name first decides what we run.
 */
export function keepCompiled(): void {
  const beside = fileURLToPath(new URL('../../.cache/compiled', import.meta.url));
  enableCompileCache(process.env['CACHE_DIRECTORY']?.split(':')[0] ?? beside);
}
