/** The route behind a model name, for this key. What does not exist and what is not allowed look alike. */
import { GatewayError } from '../gateway-error.ts'
import type { CompiledRoute, Configuration, KeyOwner } from '../snapshot/configuration.ts'

const MAX_NAMES = 20

/** @throws GatewayError `model_not_found`, with the names that this key may use. */
export function resolveRoute(configuration: Configuration, owner: KeyOwner, model: string): CompiledRoute {
  const found = configuration.routeByName(model)
  if (found?.route.kind === 'chat' && configuration.mayUse(owner.key, found.route)) return found
  const names = configuration.routeNamesFor(owner.key)
  const more = names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : ''
  const hint =
    names.length === 0
      ? 'This key may use no model yet.'
      : `This key may use: ${names.slice(0, MAX_NAMES).join(', ')}${more}.`
  throw new GatewayError('model_not_found', {
    message: `There is no model "${model}" for this key. ${hint}`,
    param: 'model',
  })
}
