import { expect, test } from 'vitest'
import { type CallSettings, chatBody } from './chat-request'
import { continued, FIRST_PROMPT, type Prompt } from './prompt'
import { requestSnippets } from './request-snippets'

const PLAIN: CallSettings = { stream: false, temperature: null, maxTokens: null }
const hello: Prompt = { ...FIRST_PROMPT, turns: [{ role: 'user', text: 'Hello', images: [] }] }
const TOOLS = [{ type: 'function', function: { name: 'weather', parameters: { type: 'object' } } }]

function bodyOf(prompt: Prompt, settings = PLAIN): Record<string, unknown> {
  const built = chatBody(prompt, settings, 'chat')
  if (!('body' in built)) throw new Error(JSON.stringify(built.problems))
  return built.body
}

test('says what was filled in, and nothing else', () => {
  expect(bodyOf(hello)).toEqual({ model: 'chat', messages: [{ role: 'user', content: 'Hello' }] })
  const all = { ...hello, system: 'Be brief.', tools: JSON.stringify(TOOLS), schema: '{"type":"object"}' }
  expect(bodyOf(all, { stream: true, temperature: 0, maxTokens: 5 })).toEqual({
    model: 'chat',
    messages: [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hello' },
    ],
    stream: true,
    stream_options: { include_usage: true },
    temperature: 0,
    max_completion_tokens: 5,
    tools: TOOLS,
    response_format: { type: 'json_schema', json_schema: { name: 'answer', schema: { type: 'object' } } },
  })
})

test('a schema that has its name already stays as it is', () => {
  const whole = { name: 'city', strict: true, schema: { type: 'object' } }
  expect(bodyOf({ ...hello, schema: JSON.stringify(whole) }).response_format).toEqual({
    type: 'json_schema',
    json_schema: whole,
  })
})

test('images stand beside the text, or alone', () => {
  const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,AA' } }
  const messages = (text: string) =>
    bodyOf({ ...hello, turns: [{ role: 'user', text, images: [image.image_url.url] }] }).messages
  expect(messages('Look')).toEqual([{ role: 'user', content: [{ type: 'text', text: 'Look' }, image] }])
  expect(messages(' ')).toEqual([{ role: 'user', content: [image] }])
})

test('an answer that called tools goes on with a result for each', () => {
  const call = { id: 'call_1', name: 'weather', arguments: '{"city":"Oslo"}' }
  const next = continued(hello, { text: '', toolCalls: [call, { ...call, id: 'call_2' }] })
  expect(chatBody(next, PLAIN, 'chat')).toEqual({
    problems: [
      { path: 'turns.2', message: 'write what the tool returned' },
      { path: 'turns.3', message: 'write what the tool returned' },
    ],
  })
  const turns = next.turns.map((turn) => (turn.role === 'tool' ? { ...turn, text: '4 °C' } : turn))
  expect(bodyOf({ ...next, turns }).messages).toEqual([
    { role: 'user', content: 'Hello' },
    {
      role: 'assistant',
      content: null,
      tool_calls: [
        { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Oslo"}' } },
        { id: 'call_2', type: 'function', function: { name: 'weather', arguments: '{"city":"Oslo"}' } },
      ],
    },
    { role: 'tool', tool_call_id: 'call_1', content: '4 °C' },
    { role: 'tool', tool_call_id: 'call_2', content: '4 °C' },
  ])
  expect(continued(hello, { text: 'Hi', toolCalls: [] }).turns.at(-1)).toEqual({
    role: 'user',
    text: '',
    images: [],
  })
})

test('what is wrong is told at its place, all at once', () => {
  const built = chatBody({ ...FIRST_PROMPT, tools: '{}', schema: '{' }, PLAIN, 'chat')
  expect(built).toEqual({
    problems: [
      { path: 'turns.0', message: 'write a message' },
      { path: 'tools', message: expect.stringContaining('must be a list') },
      { path: 'schema', message: expect.stringContaining('not JSON') },
    ],
  })
})

const AWKWARD: Prompt = {
  ...hello,
  system: 'It\'s "$HOME" `ls` \\ $(id)\nJSON\nEOF 🙂 \u2028',
  tools: JSON.stringify([{ type: 'function', function: { name: 'f', strict: true, parameters: {} } }]),
}

test('the snippets hold the very request, whatever stands in it, and no key', () => {
  for (const stream of [true, false]) {
    const body = bodyOf(AWKWARD, { stream, temperature: 0.5, maxTokens: null })
    const [curl, python, node] = requestSnippets('https://gate.example:4000/', body)
    const sent = /<<'JSON'\n([\s\S]*)\nJSON$/.exec(curl?.code ?? '')?.[1] ?? ''
    // A line that is the word alone would end what the shell sends.
    expect(sent.split('\n')).not.toContain('JSON')
    expect(JSON.parse(sent)).toEqual(body)
    for (const { code } of [curl, python, node].flatMap((sample) => sample ?? [])) {
      expect(code).toContain('https://gate.example:4000/v1')
      expect(code).toContain('GATEHOUSE_KEY')
    }
    const given = /create\((\{[\s\S]*?\n\})\)/.exec(node?.code ?? '')?.[1]
    expect(JSON.parse(given ?? '')).toEqual(body)
  }
})

test('Python gets its own words for true, false and nothing', () => {
  const next = continued(hello, { text: '', toolCalls: [{ id: 'c', name: 'f', arguments: '' }] })
  const turns = next.turns.map((turn) => ({ ...turn, text: 'x' }))
  const body = { ...bodyOf({ ...next, turns }), parallel_tool_calls: false, tools: [], user: null }
  const code = requestSnippets('http://g', body)[1]?.code ?? ''
  expect(code).toContain('    parallel_tool_calls=False,\n    tools=[],\n    user=None,\n)')
  expect(code).toContain('        {\n            "role": "user",\n            "content": "x",\n        },')
})
