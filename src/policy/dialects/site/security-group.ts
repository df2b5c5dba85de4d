/**
 * Reads network security groups of Azure, as `az network nsg show` and `az network nsg list` print them.
 *
 * Rules of each direction by priority, the lower first, the first that matches ends it; default rules stand behind all others
 * (Azure network security groups overview). A group is stateful: what it lets in is answered, so only the opening of a
 * connection is asked about.
 * @module
 */
import type { Place, Reporter } from '../../documents/finding.ts';
import { fieldOf, listAt, type MapValue, textAt } from '../../documents/value.ts';
import type { PolicyRef, RuleStage } from '../../model.ts';
import type { BareDocument, BareReader } from '../kind-table.ts';
import { stageOf } from './layer.ts';
import { whatItIs } from './other-forms.ts';
import type { SiteOptions } from './ranges.ts';
import { type Direction, readSecurityRule, type SecurityRule } from './security-rule.ts';

const KIND = 'NetworkSecurityGroup';

/** Makes the reader of files whose groups guard some subnets. */
export const securityGroupReader = (options: SiteOptions): BareReader => ({
  read(value, report) {
    const groups = value.is === 'list' ? value.items : [value];
    if (groups.length === 0) notOne(value, 'the list of groups is empty', report);
    const other = groups.find((group) => group.is !== 'map' || !isGroup(group));
    if (other !== undefined) {
      notOne(other, whatItIs(other), report);
      return [];
    }
    return groups.flatMap((group) => (group.is === 'map' ? (readGroup(group, options, report) ?? []) : []));
  },
});

const FIX = 'print it by: az network nsg show --resource-group GROUP --name NAME --output json';

const notOne = (place: Place, message: string, report: Reporter): void =>
  report.error(place, 'nsg-form', '', message, FIX);

function readGroup(group: MapValue, options: SiteOptions, report: Reporter): BareDocument | undefined {
  const missing = ['name', 'securityRules', 'defaultSecurityRules'].find((field) => {
    const value = fieldOf(group, field);
    return field === 'name' ? value?.is !== 'text' : value?.is !== 'list';
  });
  if (missing !== undefined) {
    notOne(group, `the network security group has no ${missing}: the file is cut short, or of another form`, report);
    return undefined;
  }
  const name = nameOf(group);
  const ref: PolicyRef = { dialect: 'site', kind: KIND, namespace: '', name };
  const document = { dialect: 'site', kind: KIND, name, place: { line: group.line, column: group.column } } as const;
  if (options.subnets === undefined) {
    const message = `nobody says what network security group ${name} guards`;
    const fix = 'name its subnets: policies.site.paths: [{ path: …, subnets: [10.1.0.0/16] }]';
    report.error(group, 'subnets-missing', '', message, fix);
    return { ...document, contribution: undefined };
  }
  const rules = [
    ...readRules(group, 'securityRules', 0, options, report),
    ...readRules(group, 'defaultSecurityRules', listAt(group, 'securityRules')?.items.length ?? 0, options, report),
  ];
  checkTogether(rules, group, report);
  const stages = (['outbound', 'inbound'] as const).map(
    (direction): RuleStage =>
      stageOf({
        name: `${name} ${direction}`,
        ref,
        position: { file: report.file, ...document.place },
        owner: '',
        rules: rules.filter((rule) => rule.direction === direction),
      }),
  );
  return { ...document, contribution: { to: 'site', stages } };
}

/** Groups of one name in two resource groups are two. */
function nameOf(group: MapValue): string {
  const [name, within] = [textAt(group, 'name') ?? '', textAt(group, 'resourceGroup') ?? ''];
  return within === '' ? name : `${within}/${name}`;
}

const isGroup = (value: MapValue): boolean =>
  value.entries.has('securityRules') || value.entries.has('defaultSecurityRules');

function readRules(
  group: MapValue,
  field: 'securityRules' | 'defaultSecurityRules',
  from: number,
  options: SiteOptions,
  report: Reporter,
): readonly SecurityRule[] {
  return (listAt(group, field)?.items ?? []).flatMap((rule, i) => {
    const at = { index: from + i, path: `${field}[${i}]`, isDefault: field === 'defaultSecurityRules' };
    return readSecurityRule(rule, at, options, report) ?? [];
  });
}

/** What Azure itself makes sure of; where it is not so, the file is not what Azure has. */
function checkTogether(rules: readonly SecurityRule[], group: MapValue, report: Reporter): void {
  for (const direction of ['inbound', 'outbound'] satisfies Direction[]) {
    const own = rules.filter((rule) => rule.direction === direction);
    const known = new Map<number, SecurityRule>();
    for (const rule of own) {
      const before = known.get(rule.priority);
      known.set(rule.priority, rule);
      if (before === undefined) continue;
      const message = `${before.name} and ${rule.name} have one priority and direction: none comes first`;
      report.error(
        rule.position,
        'priority-repeated',
        rule.path,
        message,
        'print the group again: Azure keeps none such',
      );
    }
    const last = own.toSorted((a, b) => a.priority - b.priority).at(-1);
    if (last?.catchesAll === true || report.findings.some(({ severity }) => severity === 'error')) continue;
    const message = `no ${direction} rule of the network security group catches what no other does`;
    report.error(group, 'nsg-form', 'defaultSecurityRules', `${message}: the file is cut short`, FIX);
  }
}
