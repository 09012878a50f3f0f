/**
 * Errors in OpenAI's envelope: the one place where a `GatewayError` becomes words for an OpenAI client, as an answer or
 * as an event inside a stream.
 */
import type { ServerResponse } from 'node:http'
import type { GatewayError } from '../gateway-error.ts'

export function renderOpenAiError(error: GatewayError): string {
  const { code, message, param, providerCode } = error
  const body = { message, type: openAiErrorType(error.status), param, code }
  return JSON.stringify({ error: providerCode === null ? body : { ...body, provider_code: providerCode } })
}

/** An error after the first token: an event that the SDKs throw on, and nothing after it. */
export function renderOpenAiErrorEvent(error: GatewayError): string {
  return `data: ${renderOpenAiError(error)}\n\n`
}

export function answerJson(response: ServerResponse, status: number, body: string | Buffer): void {
  response.statusCode = status
  response.setHeader('content-type', 'application/json')
  response.setHeader('content-length', Buffer.byteLength(body))
  response.end(body)
}

function openAiErrorType(status: number): string {
  if (status === 401) return 'authentication_error'
  if (status === 402) return 'insufficient_quota'
  if (status === 429) return 'rate_limit_error'
  return status < 500 ? 'invalid_request_error' : 'server_error'
}
