import { describe, expect, it } from 'vitest'
import { usageOf } from '../dialects/openai-usage.ts'
import { composeAnswer, type SandboxAnswer } from './sandbox-answer.ts'

function compose(request: object): SandboxAnswer {
  const answer = composeAnswer(
    Buffer.from(JSON.stringify({ model: 'sandbox-small', ...request })),
    1_790_000_000,
  )
  if ('error' in answer) throw new Error(answer.error)
  return answer
}

const messages = [{ role: 'user', content: 'Hello' }]

interface Whole {
  choices: [
    {
      message: { content: string | null; tool_calls?: { function: { arguments: string } }[] }
      finish_reason: string
    },
  ]
  usage: Record<string, unknown>
}

describe('the sandbox', () => {
  it('answers the same request the same, and another differently', () => {
    expect(compose({ messages })).toEqual(compose({ messages }))
    expect(compose({ messages }).whole).not.toEqual(compose({ messages, seed: 2 }).whole)
  })

  it('says in a stream what it says whole', () => {
    const { chunks, whole } = compose({ messages })
    const text = chunks
      .filter((chunk) => chunk.startsWith('data: {'))
      .map((chunk) => JSON.parse(chunk.slice(6)).choices[0].delta.content ?? '')
      .join('')
    expect(text).toBe((whole as Whole).choices[0].message.content)
    expect(chunks.at(-1)).toBe('data: [DONE]\n\n')
  })

  it('stops at the cap on the output, and says so', () => {
    const { whole, completionTokens } = compose({ messages, max_tokens: 5 })
    expect(completionTokens).toBe(5)
    expect((whole as Whole).choices[0].finish_reason).toBe('length')
  })

  it('counts cached and reasoning tokens that fit their totals', () => {
    const long = [{ role: 'system', content: 'x'.repeat(8_000) }, ...messages]
    const answer = compose({ model: 'sandbox-reasoning', messages: long })
    const read = usageOf(answer.whole as Record<string, unknown>, Buffer.alloc(0))
    expect(read?.exact).toBe(true)
    expect(read?.usage.cachedInputTokens).toBeGreaterThanOrEqual(1_024)
    expect(read?.usage.reasoningTokens).toBeGreaterThan(0)
  })

  it('calls a tool with arguments that fit its schema, then answers what the tool said', () => {
    const parameters = {
      type: 'object',
      properties: { city: { type: 'string' }, days: { type: 'integer' }, unit: { enum: ['c', 'f'] } },
    }
    const tools = [{ type: 'function', function: { name: 'weather', parameters } }]
    const [choice] = (compose({ messages, tools }).whole as Whole).choices
    expect(choice.finish_reason).toBe('tool_calls')
    expect(JSON.parse(choice.message.tool_calls?.[0]?.function.arguments ?? '')).toEqual({
      city: expect.any(String),
      days: expect.any(Number),
      unit: expect.stringMatching(/^[cf]$/),
    })
    const after = compose({ messages: [...messages, { role: 'tool', content: 'sunny' }], tools })
    expect((after.whole as Whole).choices[0].finish_reason).toBe('stop')
  })

  it('answers JSON where a schema asks for it', () => {
    const schema = { type: 'object', properties: { ok: { type: 'boolean' } } }
    const format = { type: 'json_schema', json_schema: { name: 'x', schema } }
    const { content } = (compose({ messages, response_format: format }).whole as Whole).choices[0].message
    expect(JSON.parse(content ?? '')).toEqual({ ok: expect.any(Boolean) })
  })
})
