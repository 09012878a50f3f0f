/** Which columns of a list this browser hides. A preference, not a view: it stays out of the URL. */

const key = (noun: string) => `gatehouse-columns-${noun}`

export function readHiddenColumns(noun: string): string[] | null {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(key(noun)) ?? 'null')
    return Array.isArray(stored) ? stored.filter((id) => typeof id === 'string') : null
  } catch {
    return null
  }
}

export function writeHiddenColumns(noun: string, visibility: Record<string, boolean>): void {
  const hidden = Object.keys(visibility).filter((id) => !visibility[id])
  localStorage.setItem(key(noun), JSON.stringify(hidden))
}
