import { expect, test } from 'vitest'
import { isBegun, NO_ANSWER, withPart } from './answer'

const delta = (given: unknown, finish: string | null = null) => ({
  choices: [{ index: 0, delta: given, finish_reason: finish }],
})
const answerOf = (...parts: unknown[]) => parts.reduce<typeof NO_ANSWER>(withPart, NO_ANSWER)

test('grows by chunks to what a whole answer says at once', () => {
  const usage = {
    prompt_tokens: 7,
    completion_tokens: 3,
    prompt_tokens_details: { cached_tokens: 2 },
    completion_tokens_details: { reasoning_tokens: 1 },
    gatehouse_cost_usd: '0.000012',
  }
  const streamed = answerOf(
    delta({ role: 'assistant', content: '' }),
    delta({ reasoning_content: 'Hm. ' }),
    delta({ content: 'Hello' }),
    delta({ content: ' you' }),
    delta({}, 'stop'),
    { choices: [], usage },
  )
  const message = { role: 'assistant', content: 'Hello you', reasoning_content: 'Hm. ' }
  const whole = answerOf({ choices: [{ message, finish_reason: 'stop' }], usage })
  expect(streamed).toEqual(whole)
  expect(whole).toEqual({
    ...NO_ANSWER,
    text: 'Hello you',
    reasoning: 'Hm. ',
    finishReason: 'stop',
    usage: { inputTokens: 7, outputTokens: 3, cachedInputTokens: 2, reasoningTokens: 1 },
    costUsd: '0.000012',
  })
})

test('calls of tools that run at once are put together by their index', () => {
  const { toolCalls } = answerOf(
    delta({ tool_calls: [{ index: 0, id: 'a', function: { name: 'f', arguments: '' } }] }),
    delta({ tool_calls: [{ index: 1, id: 'b', function: { name: 'g', arguments: '{"x"' } }] }),
    delta({ tool_calls: [{ index: 0, function: { name: 'f', arguments: '{}' } }] }),
    delta({ tool_calls: [{ index: 1, function: { arguments: ':1}' } }] }),
  )
  expect(toolCalls).toEqual([
    { id: 'a', name: 'f', arguments: '{}' },
    { id: 'b', name: 'g', arguments: '{"x":1}' },
  ])
})

test('passes over what it does not know, and what is not as it should be', () => {
  for (const part of [null, 7, 'x', {}, { choices: 'none' }, delta({ content: 5 }), { usage: [] }])
    expect(answerOf(part)).toEqual(NO_ANSWER)
})

test('has begun with anything that a reader sees', () => {
  expect(isBegun(answerOf(delta({ role: 'assistant', content: '' })))).toBe(false)
  for (const given of [
    { content: 'x' },
    { reasoning: 'x' },
    { refusal: 'x' },
    { tool_calls: [{ index: 0, id: 'a' }] },
  ])
    expect(isBegun(answerOf(delta(given)))).toBe(true)
})
