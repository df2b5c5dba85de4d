/**
 * Values of Calico's `http` that are written as Istio's: Calico knows no stars, no templates and no patterns.
 * @module
 */
import type { Reporter } from '../../documents/finding.ts';
import { fieldOf, listAt, type MapValue, textsAt } from '../../documents/value.ts';

/** Warns about methods and paths of one rule. `path` names `http`. */
export function lintHttp(http: MapValue, path: string, report: Reporter): void {
  for (const [i, method] of textsAt(http, 'methods').entries()) {
    const at = `${path}.methods[${i}]`;
    const shown = JSON.stringify(method.text);
    if (method.text.includes('*') && method.text !== '*') {
      const message = `${shown} is compared as it stands: only "*" alone means every method`;
      report.warning(method, 'http-value-literal', at, message, 'write the methods out');
    } else if (method.text !== method.text.toUpperCase()) {
      const message = `methods are compared exactly, and ${shown} is not what clients send`;
      report.warning(method, 'method-case', at, message, `write ${JSON.stringify(method.text.toUpperCase())}`);
    }
  }
  for (const [i, item] of (listAt(http, 'paths')?.items ?? []).entries()) {
    for (const form of ['exact', 'prefix']) {
      const value = fieldOf(item, form);
      if (value?.is !== 'text' || !/[*{}]|\.\+|^\^|\$$|\[[^\]]*-[^\]]*\]/.test(value.text)) continue;
      const message = `${JSON.stringify(value.text)} is compared as it stands: a path of Calico knows no stars, templates or patterns`;
      report.warning(value, 'http-value-literal', `${path}.paths[${i}].${form}`, message, fixOf(value.text));
    }
  }
}

function fixOf(path: string): string {
  const start = /^[^*{}[\]^$+]*/.exec(path)?.[0].replace(/\.?$/, '') ?? '';
  const prefix = start.length > 1 ? start.replace(/\/+$/, '') : start;
  return `write a prefix, of whole segments, e.g. prefix: ${JSON.stringify(prefix || '/api')}`;
}
