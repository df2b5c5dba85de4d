/**
 * What else describes network security groups of Azure, and is not what is read here: each is told by its name.
 * @module
 */
import { fieldOf, listAt, type MapValue, textAt, type Value } from '../../documents/value.ts';

interface OtherForm {
  holds(value: MapValue): boolean;
  readonly says: string;
}

const NEITHER = 'this is neither SiteRules nor a network security group of Azure';
const has = (value: Value, field: string): boolean => fieldOf(value, field) !== undefined;

/** The first that holds is told. */
const forms: readonly OtherForm[] = [
  {
    holds: (value) => /deploymenttemplate/i.test(textAt(value, '$schema') ?? '') || has(value, 'contentVersion'),
    says: `${NEITHER}, but a template of one (ARM): what it makes depends on its parameters`,
  },
  {
    holds: (value) => has(value, 'effectiveSecurityRules') || itemHas(value, 'effectiveSecurityRules'),
    says: `${NEITHER}, but effective rules of one network interface, in which groups are mixed`,
  },
  {
    holds: (value) => isOfRest(value) || (listAt(value, 'value')?.items.some(isOfRest) ?? false),
    says: `${NEITHER} as az prints it, but as the REST API and templates do`,
  },
  {
    holds: (value) => has(value, 'SecurityRules'),
    says: `${NEITHER} as az prints it, but as PowerShell does`,
  },
  {
    holds: (value) => has(fieldOf(value, 'NewNSG') ?? value, 'securityRules'),
    says: `${NEITHER} as az shows it, but as az prints what it has just made`,
  },
  {
    holds: (value) => has(value, 'direction') && has(value, 'access') && has(value, 'priority'),
    says: `${NEITHER}, but a rule of one: its group and the default rules are missing`,
  },
];

const isOfRest = (value: Value): boolean => has(fieldOf(value, 'properties') ?? value, 'securityRules');

const itemHas = (value: Value, field: string): boolean =>
  listAt(value, 'value')?.items.some((item) => has(item, field)) ?? false;

/** Says what a value is that is no group. */
export const whatItIs = (value: Value): string =>
  (value.is === 'map' ? forms.find((form) => form.holds(value))?.says : undefined) ?? NEITHER;
