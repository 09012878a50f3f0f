/** Which path means what. The table is the whole truth: what isn't in it is a 404 that says where to look. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Surroundings } from './call.ts'
import { answerJson, renderOpenAiError } from './dialects/openai-error.ts'
import { GatewayError } from './gateway-error.ts'
import { newCallId } from './ids.ts'
import { listModels } from './model-list.ts'
import { serveChatCompletion } from './pipeline.ts'

type Serve = (
  around: Surroundings,
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
) => unknown

interface RouteEntry {
  readonly method: 'GET' | 'POST'
  readonly serve: Serve
}

const ROUTES: Record<string, RouteEntry> = {
  '/v1/chat/completions': { method: 'POST', serve: serveChatCompletion },
  '/v1/models': { method: 'GET', serve: listModels },
}
const ONE_MODEL = '/v1/models/'

/** Paths that other tools know and this gateway doesn't serve: said plainly, so that nobody searches for a typo. */
const KNOWN_ELSEWHERE =
  /^\/v1\/(responses|embeddings|moderations|images|audio|files|batches|completions|messages|rerank)\b/

export type Handle = (request: IncomingMessage, response: ServerResponse) => void

export function createRoutes(around: Surroundings): Handle {
  return (request, response) => {
    const url = request.url ?? '/'
    if (url.length > around.limits.maxUrlBytes) {
      return refuse(
        around,
        response,
        new GatewayError('invalid_request', { message: 'The URL is too long.' }),
      )
    }
    if (request.rawHeaders.length > around.limits.maxHeaders * 2) {
      return refuse(
        around,
        response,
        new GatewayError('headers_too_large', { message: 'There are too many headers.' }),
      )
    }
    const query = url.indexOf('?')
    const path = query === -1 ? url : url.slice(0, query)
    const entry = ROUTES[path] ?? (path.startsWith(ONE_MODEL) ? ROUTES['/v1/models'] : undefined)
    if (!entry) return refuse(around, response, notFound(path))
    const { method } = request
    // RFC 9110 §9.3.2: what takes GET takes HEAD; node leaves the body out.
    if (method !== entry.method && !(method === 'HEAD' && entry.method === 'GET')) {
      response.setHeader('allow', entry.method === 'GET' ? 'GET, HEAD, OPTIONS' : `${entry.method}, OPTIONS`)
      if (method === 'OPTIONS') {
        response.statusCode = 204
        return response.end()
      }
      return refuse(
        around,
        response,
        new GatewayError('method_not_allowed', { message: `${path} takes ${entry.method} only.` }),
      )
    }
    serveSafely(entry.serve, around, request, response, path).catch((error: unknown) => {
      around.report('a request failed inside the gateway', error)
      response.destroy()
    })
  }
}

/** Async: what throws before its first await must not end the process either. */
async function serveSafely(serve: Serve, ...given: Parameters<Serve>): Promise<void> {
  await serve(...given)
}

function notFound(path: string): GatewayError {
  if (KNOWN_ELSEWHERE.test(path)) {
    const message = `${path} is not served by this gateway yet; it serves POST /v1/chat/completions and GET /v1/models.`
    return new GatewayError('not_found', { message })
  }
  const slip = [`/v1${path}`, path.replace(/^(\/v1)+/, '/v1').replace(/\/+$/, '')].find(
    (other) => ROUTES[other],
  )
  const hint = slip
    ? ` Did you mean ${slip}? The base URL for SDKs ends in /v1.`
    : ' It serves POST /v1/chat/completions and GET /v1/models; the base URL for SDKs ends in /v1.'
  return new GatewayError('not_found', { message: `Nothing is served at ${path.slice(0, 200)}.${hint}` })
}

function refuse(around: Surroundings, response: ServerResponse, error: GatewayError): void {
  // What is left of a body is not read: the connection goes with the answer.
  const { headers, complete } = response.req
  const hasBody = headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
  if (hasBody && !complete) response.setHeader('connection', 'close')
  response.setHeader('x-gatehouse-request-id', newCallId(around.clock.now()))
  answerJson(response, error.status, renderOpenAiError(error))
}
