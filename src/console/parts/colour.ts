/**
 * Colours of the page's style for what is drawn on a canvas, which knows neither variables nor `light-dark()`.
 * @module
 */

/** Gives the colour that a variable of the style has now, e.g. `rgb(18, 112, 58)`. @param name  e.g. `--line` */
export function colourOf(place: HTMLElement, name: string): string {
  const probe = document.createElement('i');
  probe.style.color = `var(${name})`;
  place.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
