/**
 * Cross-origin calls (Fetch, "CORS protocol"): the console's Playground calls the gateway from the browser, and no other
 * page may. A key alone opens the gateway, never a cookie, so credentials are not allowed.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'

/** What `readCallHeaders` knows, and what every call with a body has. */
const REQUEST_HEADERS = [
  'authorization',
  'content-type',
  'traceparent',
  'x-gatehouse-cache',
  'x-gatehouse-tags',
  'x-gatehouse-timeout-ms',
  'x-gatehouse-trace-id',
  'x-gatehouse-user',
].join(', ')
const PREFLIGHT_SECONDS = '600'
const LOOPBACK = ['127.0.0.1', 'localhost', '[::1]']

/** Puts the headers for a page on its answer; what the answer is stays the business of its path. */
export type Cors = (request: IncomingMessage, response: ServerResponse) => void

/** @param consoleUrl where people open the console; null: no page may call. */
export function createCors(consoleUrl: string | null): Cors {
  const origins = consoleOrigins(consoleUrl)
  return (request, response) => {
    const { origin } = request.headers
    if (origin === undefined || origins.size === 0) return
    response.setHeader('vary', 'Origin')
    if (!origins.has(origin)) return
    response.setHeader('access-control-allow-origin', origin)
    if (request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined) {
      response.setHeader('access-control-allow-methods', 'GET, POST')
      response.setHeader('access-control-allow-headers', REQUEST_HEADERS)
      response.setHeader('access-control-max-age', PREFLIGHT_SECONDS)
    } else {
      // Nothing in an answer is told to its caller alone: whoever has the key may read all of its headers.
      response.setHeader('access-control-expose-headers', '*')
    }
  }
}

/** One origin; of a console on this machine also the other names of the same port, as people type either. */
function consoleOrigins(consoleUrl: string | null): ReadonlySet<string> {
  if (consoleUrl === null) return new Set()
  const { protocol, hostname, port, origin } = new URL(consoleUrl)
  if (!LOOPBACK.includes(hostname)) return new Set([origin])
  return new Set(LOOPBACK.map((name) => new URL(`${protocol}//${name}:${port}`).origin))
}
