import { expect, test } from 'vitest'
import { fallbackSentence, routingSentence, toldSentence } from './route-sentences'

const degraded = { requested: 'gpt-4o', served: 'mini', reason: 'timeout', told: 'header' } as const
const routing = {
  strategy: 'priority',
  rule: null,
  canary: null,
  wantedProviderId: 'prov_a',
  wantedModel: 'gpt-4o',
}

test('a fallback is told with its reason', () => {
  expect(fallbackSentence(degraded)).toBe(
    'Asked for gpt-4o, answered by mini because it did not answer in time.',
  )
  expect(fallbackSentence({ ...degraded, served: 'gpt-4o', reason: 'connection' })).toBe(
    'Asked for gpt-4o, answered by it elsewhere because the connection to it failed.',
  )
})

test.each([
  [{ told: 'none' }, 'The caller was not told.'],
  [{ told: 'message' }, 'The caller was told in the answer and in a header.'],
  [{}, 'The caller was told in a header.'],
  [{ whyNotMessage: 'json' }, 'The caller was told in a header alone, for the answer is JSON.'],
  [{ whyNotMessage: 'toolCall' }, 'The caller was told in a header alone, for the answer calls a tool.'],
] as const)('%o: %s', (told, words) => {
  expect(toldSentence({ ...degraded, ...told })).toBe(words)
})

test.each([
  [{}, 'The route chose by priority.'],
  [{ strategy: 'rules', rule: 'Long ones' }, 'The route chose by its rules; the rule “Long ones” held.'],
  [{ strategy: 'rules' }, 'The route chose by its rules; no rule held.'],
  [{ strategy: 'rules', canary: true }, 'The route chose by its rules; the caller met the canary.'],
  [
    { strategy: 'leastLatency', canary: false },
    'The route chose the target with the least wait; the caller was outside the canary.',
  ],
  [{ strategy: 'ofALaterRelease' }, 'The route chose by ofALaterRelease.'],
])('%o: %s', (fields, words) => {
  expect(routingSentence({ ...routing, ...fields })).toBe(words)
})
