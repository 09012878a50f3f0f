/**
 * `GET /v1/models` and `/v1/models/{id}`: the routes that this key may use, in OpenAI's form, or in Anthropic's for
 * whoever sends `anthropic-version`. Costs nothing, so it is no call in the books.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Surroundings } from './call.ts'
import { answerJson, renderOpenAiError } from './dialects/openai-error.ts'
import { GatewayError } from './gateway-error.ts'
import { newCallId } from './ids.ts'
import { identify, readSecret } from './stages/authenticate.ts'
import { resolveRoute } from './stages/resolve.ts'

export function listModels(
  around: Surroundings,
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
): void {
  response.setHeader('x-gatehouse-request-id', newCallId(around.clock.now()))
  try {
    answerJson(response, 200, JSON.stringify(modelsFor(around, request, path)))
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    if (error.retryAfterSeconds !== null) response.setHeader('retry-after', error.retryAfterSeconds)
    answerJson(response, error.status, renderOpenAiError(error))
  }
}

function modelsFor(around: Surroundings, request: IncomingMessage, path: string): object {
  const configuration = around.configuration()
  if (!configuration) throw new GatewayError('not_configured')
  const identified = identify(configuration, readSecret(request), around.clock.now())
  if (!identified?.valid) throw new GatewayError('invalid_api_key')
  const wanted = path.slice('/v1/models/'.length)
  const isAnthropic = request.headers['anthropic-version'] !== undefined
  const model = isAnthropic ? anthropicModel : openAiModel
  if (wanted !== '') return model(resolveRoute(configuration, identified.owner, decode(wanted)).route.name)
  const names = configuration.routeNamesFor(identified.owner.key)
  const data = names.map(model)
  if (!isAnthropic) return { object: 'list', data }
  return { data, has_more: false, first_id: names[0] ?? null, last_id: names.at(-1) ?? null }
}

/** `created` is a required number in OpenAI's form; a route's age means nothing to a caller. */
function openAiModel(id: string): object {
  return { id, object: 'model', created: 0, owned_by: 'gatehouse' }
}

function anthropicModel(id: string): object {
  return { type: 'model', id, display_name: id, created_at: '1970-01-01T00:00:00Z' }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new GatewayError('invalid_request', { message: 'The path is not a valid URL.' })
  }
}
