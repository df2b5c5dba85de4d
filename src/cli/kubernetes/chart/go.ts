/**
 * Forms and conditions as expressions of Go's templates, as Helm runs them.
 * @module
 */
import { type Condition, isForm, type Tree } from './tree.ts';

/** The expression of a form that gives a value. */
export function valueInGo(tree: Tree): string {
  if (isForm(tree, 'value')) return `$.Values.${tree.path}`;
  if (isForm(tree, 'release')) return tree.what === 'namespace' ? '$.Release.Namespace' : '$.Chart.AppVersion';
  if (isForm(tree, 'text')) {
    const parts = tree.parts.map((part) => (typeof part === 'string' ? JSON.stringify(part) : valueInGo(part)));
    return `list ${parts.join(' ')} | join ""`;
  }
  if (isForm(tree, 'live')) return `${tree.expression} | default ${JSON.stringify(tree.otherwise)}`;
  if (isForm(tree, 'document')) return `include "gatehouse.document" ${dataInGo(tree)}`;
  if (isForm(tree, 'digest')) return `include "gatehouse.json" ${dataInGo(tree.document)} | sha256sum`;
  throw new Error('this form gives no value');
}

const dataInGo = ({ name, over }: { readonly name: string; readonly over: string }): string =>
  `(list (fromYaml (include "gatehouse.${name}" $)) $.Values.${over})`;

/** The expression of a condition, for `if`. */
export function conditionInGo(condition: Condition): string {
  if (isForm(condition, 'value')) return `$.Values.${condition.path}`;
  if ('is' in condition) return `(eq $.Values.${condition.is[0]} ${JSON.stringify(condition.is[1])})`;
  if ('not' in condition) return `(not ${conditionInGo(condition.not)})`;
  if ('all' in condition) return `(and ${condition.all.map(conditionInGo).join(' ')})`;
  if ('any' in condition) return `(or ${condition.any.map(conditionInGo).join(' ')})`;
  throw new Error('unknown condition'); // of a union that is closed
}

/** What documents need: laying one map over another, as YAML and as JSON. */
export const documentTemplates = `{{/* Lays the second map over the first, key by key; null takes a key away. */}}
{{- define "gatehouse.lay" -}}
{{- $below := index . 0 -}}
{{- range $key, $above := index . 1 -}}
{{- $old := get $below $key -}}
{{- if and (kindIs "map" $old) (kindIs "map" $above) -}}
{{- include "gatehouse.lay" (list $old $above) -}}
{{- else if kindIs "invalid" $above -}}
{{- $_ := unset $below $key -}}
{{- else -}}
{{- $_ := set $below $key $above -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "gatehouse.document" -}}
{{- include "gatehouse.lay" . -}}
{{- toYaml (index . 0) -}}
{{- end -}}

{{- define "gatehouse.json" -}}
{{- include "gatehouse.lay" . -}}
{{- toJson (index . 0) -}}
{{- end -}}
`;
