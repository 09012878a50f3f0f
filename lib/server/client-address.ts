/**
 * Where a request came from, as the nearest hop saw it: the last entry of X-Forwarded-For, which Next or the proxy
 * before it writes. Earlier entries are the caller's own words.
 */
export function clientAddress(headers: { get(name: string): string | null }): string | null {
  const last = headers.get('x-forwarded-for')?.split(',').at(-1)?.trim()
  return last ? last.slice(0, 60) : null
}
