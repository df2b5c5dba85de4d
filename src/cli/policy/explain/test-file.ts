/**
 * Writes policy tests into files of them.
 * @module
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { isSeq, parseDocument, stringify } from 'yaml';
import { GatehouseError } from '../../../errors.ts';

/** One test as a file of its own. */
function testText(test: unknown): string {
  return stringify({ tests: [test] });
}

/** Adds a test to a file, which is made if it is not there; comments in it stay. @throws GatehouseError `message_invalid` */
export function addTest(file: string, test: unknown): void {
  if (!existsSync(file)) {
    writeFileSync(file, testText(test));
    return;
  }
  const document = parseDocument(readFileSync(file, 'utf8'));
  const [error] = document.errors;
  if (error !== undefined) throw new GatehouseError('message_invalid', `${file} is not YAML: ${error.message}`);
  if (isSeq(document.get('tests'))) document.addIn(['tests'], document.createNode(test));
  else document.set('tests', document.createNode([test]));
  writeFileSync(file, document.toString({ lineWidth: 0 }));
}
