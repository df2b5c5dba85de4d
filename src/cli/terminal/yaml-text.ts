/**
 * Documents as YAML. Apart from `output.ts`, so that only commands that print YAML load what makes it.
 * @module
 */
import { Document, Scalar, visit } from 'yaml';
import { oneLine, printableYaml } from '../../lib/printable.ts';

/** A document as YAML that a terminal only shows: what it would not show stands escaped, in double quotes. */
export function yamlText(document: unknown): string {
  return printableYaml(written(document, (text) => oneLine(text) !== text));
}

/** A document as YAML for a program, which may have texts of many lines (Lua, PEM) as blocks. */
export function yamlFile(document: object): string {
  return written(document, () => false);
}

/**
 * Without anchors, and every text in such a form that readers of YAML 1.1 and Envoy take it for one: to them `on` and `y`
 * are booleans, and to Envoy 0X1F is a number.
 */
function written(document: unknown, wantsQuotes: (text: string) => boolean): string {
  const yaml = new Document(document, { aliasDuplicateObjects: false, compat: 'yaml-1.1' });
  visit(yaml, {
    Scalar(_, node) {
      if (typeof node.value === 'string' && (HEX.test(node.value) || wantsQuotes(node.value)))
        node.type = Scalar.QUOTE_DOUBLE;
    },
  });
  return yaml.toString({ lineWidth: 0 });
}

const HEX = /^[-+]?0X/i;
