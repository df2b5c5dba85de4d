/**
 * Gives texts out of the page, to a file.
 * @module
 */

/** Lets the browser save a text. */
export function save(name: string, type: string, text: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name.replaceAll(/[^\w.-]+/g, '-');
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Saves a drawing as SVG, with the colours that it has on this page. */
export function saveSvg(name: string, drawing: SVGSVGElement): void {
  const copied = drawing.cloneNode(true) as SVGSVGElement; // of the same kind
  const originals = drawing.querySelectorAll<SVGElement>('*');
  for (const [i, each] of copied.querySelectorAll<SVGElement>('*').entries()) {
    const style = getComputedStyle(originals[i]!); // as many as were copied
    for (const property of ['fill', 'stroke', 'stroke-width', 'font', 'opacity'])
      each.setAttribute(property, style.getPropertyValue(property));
  }
  copied.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  save(name, 'image/svg+xml', new XMLSerializer().serializeToString(copied));
}
