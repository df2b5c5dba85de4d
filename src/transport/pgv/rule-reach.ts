/**
 * Which messages can break a rule at all: most of what is sent holds none, and need not be walked.
 * @module
 */
import { type DescMessage, hasOption } from '@bufbuild/protobuf';
import { required, rules } from '../../gen/validate/validate_pb.ts';

const known = new Map<DescMessage, boolean>();

/** Whether a message of this type, or one that it may hold, has a rule; one that may hold an `Any` counts. */
export function reachesRules(desc: DescMessage): boolean {
  const before = known.get(desc);
  if (before !== undefined) return before;
  const seen = new Set<DescMessage>();
  const found = search(desc, seen);
  if (!found) for (const each of seen) known.set(each, false);
  known.set(desc, found);
  return found;
}

function search(desc: DescMessage, seen: Set<DescMessage>): boolean {
  if (seen.has(desc)) return false;
  seen.add(desc);
  if (desc.typeName === 'google.protobuf.Any' || desc.oneofs.some((oneof) => hasOption(oneof, required))) return true;
  return desc.fields.some(
    (field) => hasOption(field, rules) || (field.message !== undefined && search(field.message, seen)),
  );
}
