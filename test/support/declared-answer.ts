/**
 * Holds every answer of the admin API that a test gets to the API's table.
 * @module
 */
import assert from 'node:assert/strict';
import { type Route, routes } from '../../src/admin-api/routes.ts';

/** Fails where an answer lacks a field of the table, or has one that the table does not know. */
export function assertDeclared(method: string, path: string, status: number, body: unknown): void {
  if (status !== 200) return;
  const [plain = ''] = path.split('?', 1);
  const name = `${method} ${plain}`.replace(/(\/v1\/decisions\/).+/, '$1{id}');
  const { answers } = routes[name as Route]; // what is answered is in the table
  if (answers !== 'bytes') assert.deepEqual(answers.parse(body), body, `${name} answers what the table says`);
}
