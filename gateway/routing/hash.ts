/** Hashes for spreading, not for secrets. */

/** FNV-1a, 32 bits, over UTF-16 units. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash >>> 0
}

/** Two hashes as a number in (0, 1), evenly spread: the finalizer of MurmurHash3. */
export function mixed(a: number, b: number): number {
  let hash = a ^ Math.imul(b, 0x9e3779b1)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) / 0x1_0000_0000 + 1 / 0x2_0000_0000
}
