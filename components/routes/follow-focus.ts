/**
 * After a move by keyboard the focus goes along, to the same control of the new place.
 * @param root holds the items, each with its place in `data-place`
 */
export function followFocus(root: HTMLElement | null, from: number, to: number): void {
  const at = controlsAt(root, from).indexOf(document.activeElement as HTMLElement)
  requestAnimationFrame(() => controlsAt(root, to)[Math.max(0, at)]?.focus())
}

function controlsAt(root: HTMLElement | null, place: number): HTMLElement[] {
  return [...(root?.querySelectorAll<HTMLElement>(`[data-place="${place}"] :is(button,select,input)`) ?? [])]
}
