/** What to do about each code, for the person whose call came back with it. The catalogue says what happened. */
import type { GatewayErrorCode } from '@/lib/contract/error-codes'

export const GATEWAY_ADVICE: Record<GatewayErrorCode, string> = {
  invalid_request: 'The message names the field. Correct it; the same call fails again.',
  invalid_api_key: 'Send a key as Authorization: Bearer. Look at Keys whether it was revoked or has expired.',
  budget_exceeded: 'The message names the budget and when it begins anew. SDKs do not retry this.',
  cost_unbounded:
    'Set a largest output, or ask the platform team to let unbounded calls through this budget.',
  model_unpriced: 'Add a price for the model, or allow unpriced calls on the route.',
  model_not_found: 'The message lists the names that this key may use. GET /v1/models lists them too.',
  not_found: 'Look at the base URL: SDKs take the gateway’s address with /v1.',
  method_not_allowed: 'The allow header says which methods this path takes.',
  request_timeout: 'Send the whole body sooner; a slow network may need a smaller one.',
  request_too_large: 'Send less at once.',
  unsupported_media_type: 'Send JSON with content-type: application/json and no content-encoding.',
  guardrail_blocked: 'The message names the guardrail, never the text that matched.',
  headers_too_large: 'Send fewer or smaller headers; tags and cookies are the usual cause.',
  rate_limit_exceeded: 'Wait as long as Retry-After says. SDKs do so by themselves.',
  budget_held:
    'Try again after Retry-After: calls in flight hold what is left of the budget until they settle.',
  provider_rate_limited: 'Wait as long as Retry-After says, or give the route another target.',
  client_closed: 'The caller hung up first. What was used until then is booked.',
  internal_error: 'Report it with the request id.',
  provider_error: 'The message has the vendor’s own words where it gave any. The receipt shows each attempt.',
  no_target_available: 'Look at the route: its targets are off, cooling down, or all failed to connect.',
  not_configured: 'The gateway has just started and waits for its first configuration.',
  books_full:
    'The disk of the gateway’s journal is full or failing: no call is served that could not be booked.',
  counters_unavailable:
    'The counters of hard budgets cannot be read: look at Redis, or at the gateway’s data folder.',
  overloaded:
    'Wait as long as Retry-After says. An operator can add gateways, or raise the limit on open files.',
  shutting_down: 'The gateway is being replaced; the next one answers.',
  provider_timeout: 'Raise the route’s timeouts, stream the answer, or give the route a faster target.',
}
