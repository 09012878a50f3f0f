/** `/metrics` in Prometheus' text format (exposition format 0.0.4): of this process, no name of a team, key or route. */
import { timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { isIP } from 'node:net'
import { answerJson, renderOpenAiError } from '../dialects/openai-error.ts'
import { GatewayError } from '../gateway-error.ts'

export interface Metric {
  readonly name: string
  readonly type: 'gauge' | 'counter'
  readonly help: string
  readonly value: number
}

/** Answers a scrape from this machine, or one that shows the token. */
export function answerMetrics(
  request: IncomingMessage,
  response: ServerResponse,
  { token, metrics }: { token: string | null; metrics: () => readonly Metric[] },
): void {
  if (!isFromThisMachine(request) && !showsToken(request, token)) {
    response.setHeader('www-authenticate', 'Bearer')
    const message =
      'Metrics are for this machine, or for who shows GATEHOUSE_METRICS_TOKEN as a bearer token.'
    answerJson(response, 401, renderOpenAiError(new GatewayError('invalid_api_key', { message })))
    return
  }
  const text = renderMetrics(metrics())
  response.writeHead(200, {
    'content-type': 'text/plain; version=0.0.4; charset=utf-8',
    'content-length': Buffer.byteLength(text),
  })
  response.end(text)
}

export function renderMetrics(metrics: readonly Metric[]): string {
  return metrics
    .map(
      ({ name, type, help, value }) => `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${name} ${value}\n`,
    )
    .join('')
}

/** Of a proxy on this machine, what it forwards comes from elsewhere. */
function isFromThisMachine({ socket, headers }: IncomingMessage): boolean {
  if (
    headers['x-forwarded-for'] !== undefined ||
    headers.forwarded !== undefined ||
    headers.via !== undefined
  )
    return false
  const address = (socket.remoteAddress ?? '').replace(/^::ffff:/, '')
  return address === '::1' || (isIP(address) === 4 && address.startsWith('127.'))
}

function showsToken({ headers }: IncomingMessage, token: string | null): boolean {
  if (token === null) return false
  const shown = Buffer.from(headers.authorization ?? '')
  const wanted = Buffer.from(`Bearer ${token}`)
  return shown.length === wanted.length && timingSafeEqual(shown, wanted)
}
