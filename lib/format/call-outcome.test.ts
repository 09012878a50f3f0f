import { expect, test } from 'vitest'
import { callOutcome } from './call-outcome.ts'

test.each([
  [200, null, 'ok'],
  [200, 'provider_error', 'error'],
  [401, 'invalid_api_key', 'refused'],
  [402, 'budget_exceeded', 'refused'],
  [429, 'rate_limit_exceeded', 'refused'],
  [429, 'provider_rate_limited', 'error'],
  [400, 'provider_error', 'error'],
  [404, 'provider_error', 'error'],
  [499, 'client_closed', 'error'],
  [503, 'books_full', 'error'],
] as const)('a call that ended with %i %s counts as %s', (status, code, outcome) => {
  expect(callOutcome({ status, code })).toBe(outcome)
})
