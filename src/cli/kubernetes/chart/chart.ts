/**
 * The files of Helm's chart, and the same objects without Helm.
 * @module
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { GatehouseError } from '../../../errors.ts';
import { authority } from '../objects/authority.ts';
import { onNodes, refusals } from '../objects/choices.ts';
import { configMapOf, documents } from '../objects/config.ts';
import { disruptionBudgets, networkPolicies, services } from '../objects/network.ts';
import { node } from '../objects/node.ts';
import { accessOf } from '../objects/roles.ts';
import { webhooks } from '../objects/webhook.ts';
import { conditionInGo, documentTemplates } from './go.ts';
import { block, printDocuments } from './print.ts';
import { holds, type Installation, resolve } from './resolve.ts';
import { type Tree, when } from './tree.ts';
import { valuesJsonSchema } from './values.ts';
import { valuesFile } from './values-file.ts';

/** The objects by file of the chart, in the order in which they are applied. */
const files = {
  'access-authority.yaml': accessOf('authority'),
  'access-node.yaml': accessOf('node').map((each) => when(onNodes, each)),
  'config.yaml': [configMapOf('authority'), when(onNodes, configMapOf('node'))],
  'network.yaml': [...services, ...networkPolicies, ...disruptionBudgets],
  'authority.yaml': authority,
  'node.yaml': node,
  'webhook.yaml': webhooks,
} satisfies Record<string, readonly Tree[]>;

const MADE = 'Made by: gatehouse kubernetes chart';

/** Every file of the chart by its path in it. */
function chartFiles(version: string): Readonly<Record<string, string>> {
  const templates = Object.entries(files).map(([name, trees]) => [
    `templates/${name}`,
    `{{- /* ${MADE} */ -}}\n${printDocuments(trees.map(literal))}`,
  ]);
  return {
    'Chart.yaml': chartYaml(version),
    'values.yaml': `# ${MADE}\n${valuesFile()}`,
    'values.schema.json': valuesJsonSchema(),
    'templates/_documents.tpl': `${documentTemplates}${Object.values(documents).map(definition).join('')}`,
    'templates/refusals.yaml': `{{- /* ${MADE} */ -}}\n${refusals.map(refusal).join('\n')}\n`,
    ...Object.fromEntries(templates),
  };
}

/** Writes the chart, and tells which files. */
export function writeChart(directory: string, version: string): readonly string[] {
  const contents = chartFiles(version);
  for (const [path, content] of Object.entries(contents)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), content);
  }
  return Object.keys(contents);
}

/** The objects of one installation; each with its reasons. @throws GatehouseError `config_invalid` */
export function objectsFor(to: Installation): readonly Tree[] {
  for (const { condition, message } of refusals)
    if (holds(condition, to)) throw new GatehouseError('config_invalid', message);
  return Object.values(files)
    .flat()
    .map((tree) => resolve(tree, to))
    .filter((tree) => tree !== undefined);
}

/** Nothing of ours may be read as a template of Go. */
function literal(tree: Tree): Tree {
  if (JSON.stringify(tree).includes('{{')) throw new Error('{{ would be read as a template');
  return tree;
}

const definition = ({ name, base }: (typeof documents)[keyof typeof documents]): string =>
  `\n{{- define "gatehouse.${name}" -}}\n${block(base, '').join('\n')}\n{{- end -}}\n`;

const refusal = ({ condition, message }: (typeof refusals)[number]): string =>
  `{{- if ${conditionInGo(condition)} }}{{ fail ${JSON.stringify(message)} }}{{ end }}`;

const chartYaml = (version: string): string => `# ${MADE}
apiVersion: v2
name: gatehouse
description: Identities and authorization for Envoy, of what the cluster says
type: application
version: ${version}
appVersion: "${version}"
# What the objects need; some ways to certificates need more, and are off until they are asked for.
kubeVersion: ">=1.29.0-0"
`;
