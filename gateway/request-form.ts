/**
 * What node's parser lets through, and a reader in front of us or behind may read differently. It isn't the bounds of a
 * request (`listener-limits.ts`), nor what it asks for.
 */
import type { IncomingMessage } from 'node:http'

/** Why this request is refused, for a person; null for a good one. */
export function formProblem({ httpVersion, headers, rawHeaders }: IncomingMessage): string | null {
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return 'HTTP/1.1 is spoken here.'
  const coding = headers['transfer-encoding']
  if (coding !== undefined) {
    // RFC 9112 §6.1: framing in chunks is unknown to 1.0, and a reader that ignores it sees another request.
    if (httpVersion === '1.0') return 'Transfer-Encoding is not of HTTP/1.0.'
    if (coding.toLowerCase() !== 'chunked') return 'The one Transfer-Encoding taken here is chunked.'
  }
  let hosts = 0
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string
    if (name.length === 4 && name.toLowerCase() === 'host') hosts += 1
  }
  // RFC 9112 §3.2.
  return hosts > 1 ? 'Host stands more than once.' : null
}

/** The path and query of a target that names its origin too (RFC 9112 §3.2.2); a plain one as it is. */
export function originForm(target: string): string {
  if (target.startsWith('/')) return target
  const match = /^https?:\/\/[^/?#]*(.*)$/i.exec(target)
  if (!match) return target
  const rest = match[1] ?? ''
  return rest.startsWith('/') ? rest : `/${rest}`
}
