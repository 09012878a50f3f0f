/**
 * Streams as vendors that speak OpenAI's chat wire send them, after their documentation: each with its quirks, the text
 * that a caller can read out of it, and the usage that it tells.
 */
export interface StreamFixture {
  readonly name: string
  readonly text: string
  /** All content of all choices, in order. */
  readonly content: string
  /** Input and output tokens told; null: it tells none. */
  readonly usage: readonly [number, number] | null
}

const event = (fields: object) => `data: ${JSON.stringify(fields)}\n\n`
const DONE = 'data: [DONE]\n\n'

function chunks(base: object, deltas: readonly object[], finish: string, last: object = {}): string[] {
  return [
    ...deltas.map((delta) => event({ ...base, choices: [{ index: 0, delta, finish_reason: null }] })),
    event({ ...base, choices: [{ index: 0, delta: {}, finish_reason: finish }], ...last }),
  ]
}

const words = ['Grüße', ' aus', ' dem', ' "usage":{', '\\n', ' 👩‍👩‍👧', ' 日本', '…']
const content = words.join('')
const deltas = [{ role: 'assistant', content: '' }, ...words.map((word) => ({ content: word }))]
const openai = {
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'gpt-4o',
  system_fingerprint: 'fp',
}
const told = { prompt_tokens: 12, completion_tokens: 8, total_tokens: 20 }
const usageChunk = (base: object, usage: object = told) => event({ ...base, choices: [], usage })

const openaiChunks = chunks({ ...openai, usage: null }, deltas, 'stop')

export const STREAM_FIXTURES: readonly StreamFixture[] = [
  {
    name: 'OpenAI',
    text: openaiChunks.join('') + usageChunk(openai) + DONE,
    content,
    usage: [12, 8],
  },
  {
    name: 'OpenAI with a tool call and obfuscation',
    text:
      chunks(
        { ...openai, usage: null, obfuscation: 'aZ"9' },
        [
          {
            role: 'assistant',
            content: null,
            tool_calls: [
              { index: 0, id: 'call_1', type: 'function', function: { name: 'f', arguments: '' } },
            ],
          },
          { tool_calls: [{ index: 0, function: { arguments: '{"usage":' } }] },
          { tool_calls: [{ index: 0, function: { arguments: 'null}' } }] },
        ],
        'tool_calls',
      ).join('') +
      usageChunk(openai) +
      DONE,
    content: '',
    usage: [12, 8],
  },
  {
    name: 'Azure, with an empty first chunk and content filters',
    text:
      event({
        id: '',
        object: '',
        created: 0,
        model: '',
        choices: [],
        prompt_filter_results: [{ prompt_index: 0 }],
      }) +
      chunks({ ...openai, usage: null }, deltas, 'stop').join('') +
      usageChunk(openai) +
      DONE,
    content,
    usage: [12, 8],
  },
  {
    name: 'DeepSeek, which reasons first and tells its usage in the last chunk',
    text:
      chunks(
        { id: 'd', object: 'chat.completion.chunk', created: 1, model: 'deepseek-reasoner' },
        [
          { role: 'assistant', content: null, reasoning_content: '' },
          { content: null, reasoning_content: 'Hm…' },
          ...words.map((word) => ({ content: word, reasoning_content: null })),
        ],
        'stop',
        { usage: { ...told, prompt_cache_hit_tokens: 4, prompt_cache_miss_tokens: 8 } },
      ).join('') + DONE,
    content,
    usage: [12, 8],
  },
  {
    name: 'Groq, whose usage is its own',
    text:
      chunks({ ...openai, model: 'llama' }, deltas, 'stop', { x_groq: { id: 'req', usage: told } }).join('') +
      DONE,
    content,
    usage: [12, 8],
  },
  {
    name: 'vLLM, with its usage in every chunk',
    text:
      chunks(
        { ...openai, usage: { prompt_tokens: 12, completion_tokens: 1, total_tokens: 13 } },
        deltas,
        'stop',
      ).join('') +
      usageChunk(openai) +
      DONE,
    content,
    usage: [12, 8],
  },
  {
    name: 'Ollama, without usage',
    text: chunks({ ...openai, model: 'llama3' }, deltas, 'stop').join('') + DONE,
    content,
    usage: null,
  },
  {
    name: 'OpenRouter, which says that it is at work',
    text:
      `: OPENROUTER PROCESSING\n\n: OPENROUTER PROCESSING\n\n` +
      chunks({ ...openai, provider: 'X' }, deltas, 'stop').join(': OPENROUTER PROCESSING\n\n') +
      usageChunk({ ...openai, provider: 'X' }) +
      DONE,
    content,
    usage: [12, 8],
  },
  {
    name: 'Mistral, without [DONE]’s blank line',
    text: chunks({ ...openai, model: 'mistral' }, deltas, 'stop', { usage: told }).join('') + DONE.trimEnd(),
    content,
    usage: [12, 8],
  },
  {
    name: 'a gateway with Windows line ends and a BOM',
    text: `\ufeff${(openaiChunks.join('') + usageChunk(openai) + DONE).replaceAll('\n', '\r\n')}`,
    content,
    usage: [12, 8],
  },
  {
    name: 'lone CRs and data over several lines',
    text: (
      openaiChunks.join('').replaceAll(',"choices"', ',\ndata: "choices"') +
      usageChunk(openai) +
      DONE
    ).replaceAll('\n', '\r'),
    content,
    usage: [12, 8],
  },
  {
    name: 'two choices',
    text:
      deltas
        .map((delta) =>
          event({
            ...openai,
            choices: [
              { index: 0, delta, finish_reason: null },
              { index: 1, delta, finish_reason: null },
            ],
          }),
        )
        .join('') +
      event({
        ...openai,
        choices: [
          { index: 0, delta: {}, finish_reason: 'stop' },
          { index: 1, delta: {}, finish_reason: 'stop' },
        ],
      }) +
      usageChunk(openai) +
      DONE,
    content: words.map((word) => word + word).join(''),
    usage: [12, 8],
  },
  {
    name: 'an error in the middle',
    text:
      openaiChunks.slice(0, 4).join('') +
      event({ error: { message: 'overloaded', type: 'server_error' } }) +
      DONE,
    content: words.slice(0, 3).join(''),
    usage: null,
  },
]
