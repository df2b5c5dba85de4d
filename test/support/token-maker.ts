/**
 * A process that opens an authority whose keys are on a token, and prepares and takes back authorities for ever. Killed by its test.
 * Arguments: data directory, PIN file, module.
 */
import { writeSync } from 'node:fs';
import { orderOf } from './authority.ts';
import { openTokenAuthority } from './token-authority.ts';

const [dataDir = '', pinFile = '', module = ''] = process.argv.slice(2);
const { authority } = await openTokenAuthority(dataDir, { module, tokenLabel: 'gatehouse', pinFile });
// writeSync: the parent must have every line that was said before the kill.
writeSync(1, 'ready\n');
for (;;) {
  await authority.prepare(orderOf('x509', {}));
  writeSync(1, 'prepared\n');
  await authority.undo(orderOf('x509', { override: true }));
}
