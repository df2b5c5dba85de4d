/**
 * A tree as YAML: values as they are, forms as templates of Helm, reasons as comments.
 * @module
 */
import { conditionInGo, valueInGo } from './go.ts';
import { formOf, isForm, type Tree, type TreeMap } from './tree.ts';

/** Documents of one file, each an object or a choice of one. */
export function printDocuments(trees: readonly Tree[]): string {
  return trees
    .flatMap((tree) => {
      if (!isForm(tree, 'choice')) return ['---', ...block(tree, '')];
      return [`{{- if ${conditionInGo(tree.condition)} }}`, '---', ...block(tree.then, ''), '{{- end }}'];
    })
    .join('\n')
    .concat('\n');
}

/** A map or list as lines. */
export function block(tree: Tree, indent: string): string[] {
  if (isForm(tree, 'noted')) return [...comment(tree.why, indent), ...block(tree.tree, indent)];
  if (formOf(tree) !== undefined) throw new Error('a form stands at a key or in a list');
  if (Array.isArray(tree)) return list(tree, indent);
  if (typeof tree === 'object') return map(tree as TreeMap, indent);
  return [`${indent}${scalar(tree)}`];
}

function map(tree: TreeMap, indent: string): string[] {
  const entries = Object.entries(tree);
  mustStay(entries.map(([, each]) => each));
  return entries.flatMap(([key, each]) => entry(key, each, indent));
}

function list(trees: readonly Tree[], indent: string): string[] {
  mustStay(trees);
  return trees.flatMap((each) => item(each, indent));
}

/** Whatever the values are: a key without anything below would be null to Helm, and an empty map or list to us. */
function mustStay(trees: readonly Tree[]): void {
  const mayGo = (tree: Tree): boolean =>
    (isForm(tree, 'noted') && mayGo(tree.tree)) ||
    (isForm(tree, 'choice') && (tree.otherwise === undefined || mayGo(tree.then) || mayGo(tree.otherwise)));
  if (trees.length > 0 && trees.every(mayGo)) throw new Error('all of a map or list depends on conditions');
}

function entry(key: string, tree: Tree, indent: string): string[] {
  if (isForm(tree, 'noted')) return [...comment(tree.why, indent), ...entry(key, tree.tree, indent)];
  if (isForm(tree, 'choice')) {
    const { condition, then, otherwise } = tree;
    return [
      `${indent}{{- if ${conditionInGo(condition)} }}`,
      ...entry(key, then, indent),
      ...(otherwise === undefined ? [] : [`${indent}{{- else }}`, ...entry(key, otherwise, indent)]),
      `${indent}{{- end }}`,
    ];
  }
  const name = scalar(key);
  if (isForm(tree, 'document'))
    return [`${indent}${name}: |`, `${indent}  {{- ${valueInGo(tree)} | nindent ${indent.length + 2} }}`];
  if (typeof tree === 'string' && LINES.test(tree))
    return [
      `${indent}${name}: |`,
      ...tree
        .trimEnd()
        .split('\n')
        .map((line) => (line === '' ? '' : `${indent}  ${line}`)),
    ];
  if (isInline(tree)) return [`${indent}${name}: ${inline(tree)}`];
  return [`${indent}${name}:`, ...block(tree, Array.isArray(tree) ? indent : `${indent}  `)];
}

function item(tree: Tree, indent: string): string[] {
  if (isForm(tree, 'noted')) return [...comment(tree.why, indent), ...item(tree.tree, indent)];
  if (isForm(tree, 'choice')) {
    const { condition, then, otherwise } = tree;
    return [
      `${indent}{{- if ${conditionInGo(condition)} }}`,
      ...item(then, indent),
      ...(otherwise === undefined ? [] : [`${indent}{{- else }}`, ...item(otherwise, indent)]),
      `${indent}{{- end }}`,
    ];
  }
  if (isInline(tree)) return [`${indent}- ${inline(tree)}`];
  const [first = '', ...rest] = block(tree, `${indent}  `);
  const isKey = !first.trimStart().startsWith('{{-') && !first.trimStart().startsWith('#');
  return isKey ? [`${indent}- ${first.trimStart()}`, ...rest] : [`${indent}-`, first, ...rest];
}

const isInline = (tree: Tree): boolean =>
  formOf(tree) !== undefined || typeof tree !== 'object' || Object.keys(tree).length === 0;

function inline(tree: Tree): string {
  if (formOf(tree) !== undefined) return `{{ ${valueInGo(tree)} | toJson }}`;
  if (typeof tree === 'object') return Array.isArray(tree) ? '[]' : '{}';
  return scalar(tree as string | number | boolean); // no form, no object
}

/** Words that YAML 1.1, which Kubernetes reads, takes for something else than texts. */
const NOT_A_TEXT = /^(true|false|yes|no|on|off|y|n|null|nan|inf)$/i;
const PLAIN = /^[A-Za-z/][\w./-]*( [\w./-]+)*$/;

/** What a block of lines gives back as it was. */
const LINES = /^[^\s][^\0-\x09\x0b-\x1f\x7f-\x9f]*[^\s]\n$/;

function scalar(tree: string | number | boolean): string {
  if (typeof tree !== 'string') return String(tree);
  return PLAIN.test(tree) && !NOT_A_TEXT.test(tree) ? tree : JSON.stringify(tree);
}

const WIDTH = 120;

function comment(why: string, indent: string): string[] {
  const lines: string[] = [];
  for (const word of why.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || indent.length + last.length + word.length + 1 > WIDTH) lines.push(`# ${word}`);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines.map((line) => `${indent}${line}`);
}
