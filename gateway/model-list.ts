/** `GET /v1/models` and `/v1/models/{id}` in OpenAI's form: the routes that this key may use. Costs nothing, so it is no call in the books. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Surroundings } from './call.ts'
import { answerJson, renderOpenAiError } from './dialects/openai-error.ts'
import { GatewayError } from './gateway-error.ts'
import { identify, readSecret } from './stages/authenticate.ts'
import { resolveRoute } from './stages/resolve.ts'

export function listModels(
  around: Surroundings,
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
): void {
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
  if (wanted !== '') return model(resolveRoute(configuration, identified.owner, decode(wanted)).route.name)
  return { object: 'list', data: configuration.routeNamesFor(identified.owner.key).map(model) }
}

/** `created` is a required number in OpenAI's form; a route's age means nothing to a caller. */
function model(id: string): object {
  return { id, object: 'model', created: 0, owned_by: 'gatehouse' }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new GatewayError('invalid_request', { message: 'The path is not a valid URL.' })
  }
}
