/**
 * What in a team's tree is no Kubernetes document: values, patches, dashboards. What could be a policy with a slip is none of these.
 * @module
 */
import { isLikeKindOf } from '../dialects/misnamed-kind.ts';
import { policyKinds } from '../dialects/table.ts';
import { textAt, type Value } from '../documents/value.ts';
import { isSlipOfType, slipOfType } from '../documents/yaml/quick-type.ts';

/** Whether a value is certainly no document that somebody meant to be read here. */
export function isNoDocument(value: Value): boolean {
  if (value.is === 'list') return !value.items.some((item) => item.is === 'list' || namesType(item));
  if (value.is !== 'map') return false;
  const { entries } = value;
  if (['metadata', 'spec', 'items'].some((field) => entries.has(field))) return false;
  const names = [...entries.keys()];
  // A field is no slip of one that is there: a chart has an appVersion beside its apiVersion.
  const isSlip = (name: string): boolean => !entries.has(slipOfType(name) ?? name);
  if (names.some(isSlip)) return false;
  const [kind, apiVersion] = [textAt(value, 'kind') ?? '', textAt(value, 'apiVersion') ?? ''];
  if (kind !== '' && apiVersion !== '') return false;
  // A number is the version of a format of somebody else's: Grafana's provisioning, say.
  if (kind === '' && !entries.has('kind') && entries.get('apiVersion')?.value.is === 'number') return true;
  // A field without its text: the file may be half written.
  if ((kind === '' && entries.has('kind')) || (apiVersion === '' && entries.has('apiVersion'))) return false;
  if (kind !== '') return !policyKinds.readers.some((reader) => isLikeKindOf(kind, reader.kind));
  if (apiVersion === '') return true;
  const [group] = apiVersion.split('/', 1);
  return names.length > 1 && !policyKinds.readers.some((reader) => reader.group === group);
}

const namesType = (value: Value): boolean =>
  value.is === 'map' && [...value.entries.keys()].some((name) => isSlipOfType(name));
