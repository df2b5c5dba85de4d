/**
 * Documents as YAML. Apart from `output.ts`, so that only commands that print YAML load what makes it.
 * @module
 */
import { Document, Scalar, visit } from 'yaml';
import { oneLine, printableYaml } from '../../lib/printable.ts';

/** A document as YAML that a terminal only shows: what it would not show stands escaped, in double quotes. */
export function yamlText(document: unknown): string {
  const yaml = new Document(document, { aliasDuplicateObjects: false });
  visit(yaml, {
    Scalar(_, node) {
      if (typeof node.value === 'string' && oneLine(node.value) !== node.value) node.type = Scalar.QUOTE_DOUBLE;
    },
  });
  return printableYaml(yaml.toString({ lineWidth: 0 }));
}
