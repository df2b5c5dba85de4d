/**
 * `/v1/objects`.
 * @module
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ObjectsAnswer } from '../../../admin-api/objects.ts';
import type { AdminHandler } from '../admin-handler.ts';

/** Objects that are looked at without a pause. */
const OBJECTS_AT_ONCE = 1_024;

/** What is followed in a cluster; nothing where none is. */
export const objects: AdminHandler<'GET /v1/objects'> = async ({ asked }, { followed }) => {
  const found: ObjectsAnswer['objects'][number][] = [];
  let looked = 0;
  let count = 0;
  for (const { kind, all } of followed)
    for (const { good } of all()) {
      if (++looked % OBJECTS_AT_ONCE === 0) await nextTurn();
      if (good === undefined) continue;
      count += 1;
      const { namespace, text } = good;
      if (found.length < asked.limit) found.push({ kind: kind.kind, isPolicy: kind.isPolicy, namespace, text });
    }
  const has = (isPolicy: boolean): boolean => followed.some(({ kind }) => kind.isPolicy === isPolicy);
  return { objects: found, objectCount: count, follows: { policies: has(true), registry: has(false) } };
};
