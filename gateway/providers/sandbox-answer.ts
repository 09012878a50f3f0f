/**
 * What the sandbox says: plausible words, tool calls that fit their schema, and usage with cached and reasoning tokens,
 * all by a seed from the request, so that the same request is answered the same.
 */
import { createHash } from 'node:crypto'
import { isRecord } from '../dialects/openai-usage.ts'

export interface SandboxAnswer {
  readonly model: string
  readonly stream: boolean
  /** In [0, 1), by the request. */
  readonly chance: number
  readonly completionTokens: number
  readonly whole: object
  /** Server-sent events, one for each token and what belongs around them. */
  readonly chunks: readonly string[]
}

export function composeAnswer(body: Buffer, created: number): SandboxAnswer | { error: string } {
  let request: unknown
  try {
    request = JSON.parse(body.toString('utf8'))
  } catch {
    return { error: 'We could not parse the JSON body of your request.' }
  }
  if (!isRecord(request) || typeof request.model !== 'string' || !Array.isArray(request.messages)) {
    return { error: '"model" and "messages" are required.' }
  }
  if (typeof request.n === 'number' && request.n > 1)
    return { error: 'The sandbox answers with one choice: "n" must be 1.' }
  const digest = createHash('sha256').update(body).digest()
  const random = seeded(digest.readUInt32LE(0))
  const { model } = request
  const chance = random()

  const call = toolCallFor(request, random, digest)
  const wanted = call ? splitTokens(call.function.arguments) : wordsFor(request, random)
  const reasoningTokens = model === 'sandbox-reasoning' ? 64 * (1 + Math.floor(random() * 8)) : 0
  const cap = capOf(request)
  const room = Math.max(0, cap - reasoningTokens)
  const tokens = wanted.slice(0, room)
  const finishReason = tokens.length < wanted.length ? 'length' : call ? 'tool_calls' : 'stop'
  const completionTokens = Math.min(cap, reasoningTokens + tokens.length)
  const promptTokens =
    countPrompt(request.messages) + (request.tools ? countText(JSON.stringify(request.tools)) : 0)
  const usage = {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: cachedTokens(request.messages, promptTokens), audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: Math.min(reasoningTokens, completionTokens),
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  }
  const text = tokens.join('')
  const head = { id: `chatcmpl-sandbox-${digest.toString('hex', 0, 12)}`, created, model }
  const message = call
    ? {
        role: 'assistant',
        content: null,
        tool_calls: [{ ...call, function: { ...call.function, arguments: text } }],
      }
    : { role: 'assistant', content: text, refusal: null }
  const includeUsage = isRecord(request.stream_options) && request.stream_options.include_usage === true
  return {
    model,
    stream: request.stream === true,
    chance,
    completionTokens,
    whole: {
      ...head,
      object: 'chat.completion',
      choices: [{ index: 0, message, logprobs: null, finish_reason: finishReason }],
      usage,
      service_tier: 'default',
      system_fingerprint: 'fp_sandbox',
    },
    chunks: chunksOf({ head, call, tokens, finishReason, usage: includeUsage ? usage : null }),
  }
}

interface ToolCall {
  readonly id: string
  readonly type: 'function'
  readonly function: { readonly name: string; readonly arguments: string }
}

function chunksOf(answer: {
  head: object
  call: ToolCall | null
  tokens: string[]
  finishReason: string
  usage: object | null
}): string[] {
  const { head, call, tokens, finishReason, usage } = answer
  const event = (choices: object[], told: object | null) => {
    const body = {
      ...head,
      object: 'chat.completion.chunk',
      service_tier: 'default',
      system_fingerprint: 'fp_sandbox',
      choices,
    }
    return `data: ${JSON.stringify(usage ? { ...body, usage: told } : body)}\n\n`
  }
  const delta = (value: object, finish: string | null = null) =>
    event([{ index: 0, delta: value, logprobs: null, finish_reason: finish }], null)
  const first = call
    ? {
        role: 'assistant',
        content: null,
        tool_calls: [{ index: 0, ...call, function: { ...call.function, arguments: '' } }],
      }
    : { role: 'assistant', content: '', refusal: null }
  return [
    delta(first),
    ...tokens.map((token) =>
      delta(call ? { tool_calls: [{ index: 0, function: { arguments: token } }] } : { content: token }),
    ),
    delta({}, finishReason),
    ...(usage ? [event([], usage)] : []),
    'data: [DONE]\n\n',
  ]
}

const OPENINGS = [
  'Certainly.',
  'Here is a short answer.',
  'Good question.',
  'In brief:',
  'Let me think about that.',
]
const SENTENCES = [
  'The simplest approach is usually the one that is easiest to explain to a colleague.',
  'Start with the smallest case, check it, and grow from there.',
  'Measure before and after, and keep the numbers next to the change.',
  'A clear name saves more time than a clever trick.',
  'Most of the cost comes from a few calls; look at those first.',
  'If two parts must agree, write down what they agree on.',
  'When in doubt, prefer what can be undone.',
  'A good default is worth more than ten options.',
  'Write the test that would have caught it, then fix it.',
  'Small steps that can be checked are faster than one large leap.',
]

function wordsFor(request: Record<string, unknown>, random: () => number): string[] {
  const format = isRecord(request.response_format) ? request.response_format : {}
  if (format.type === 'json_object') return splitTokens(JSON.stringify({ answer: pick(SENTENCES, random) }))
  if (format.type === 'json_schema' && isRecord(format.json_schema)) {
    return splitTokens(JSON.stringify(valueFor(format.json_schema.schema, random, 0)))
  }
  const sentences = [pick(OPENINGS, random)]
  for (let left = 2 + Math.floor(random() * 5); left > 0; left -= 1) sentences.push(pick(SENTENCES, random))
  return splitTokens(sentences.join(' '))
}

/** A call of the tool that was asked for, or of one that was offered, unless a tool has just answered. */
function toolCallFor(
  request: Record<string, unknown>,
  random: () => number,
  digest: Buffer,
): ToolCall | null {
  const { tools, tool_choice: choice, messages } = request
  if (!Array.isArray(tools) || tools.length === 0 || choice === 'none') return null
  const last = Array.isArray(messages) ? messages.at(-1) : null
  if (isRecord(last) && last.role === 'tool') return null
  const functions = tools.map((tool: unknown) =>
    isRecord(tool) && isRecord(tool.function) ? tool.function : {},
  )
  const named = isRecord(choice) && isRecord(choice.function) ? choice.function.name : undefined
  const chosen = functions.find(({ name }) => name === named) ?? pick(functions, random)
  if (typeof chosen.name !== 'string') return null
  return {
    id: `call_${digest.toString('hex', 12, 24)}`,
    type: 'function',
    function: { name: chosen.name, arguments: JSON.stringify(valueFor(chosen.parameters, random, 0)) },
  }
}

const MAX_SCHEMA_DEPTH = 6

/** A value that fits the usual part of JSON Schema. */
function valueFor(schema: unknown, random: () => number, depth: number): unknown {
  if (!isRecord(schema) || depth > MAX_SCHEMA_DEPTH) return depth === 0 ? {} : null
  if (Array.isArray(schema.enum) && schema.enum.length > 0) return pick(schema.enum, random)
  if ('const' in schema) return schema.const
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type
  switch (type) {
    case 'string':
      return pick(['Paris', 'example', 'report', 'blue', 'today'], random)
    case 'integer':
    case 'number':
      return typeof schema.minimum === 'number' ? schema.minimum : 1 + Math.floor(random() * 9)
    case 'boolean':
      return random() < 0.5
    case 'array':
      return [valueFor(schema.items, random, depth + 1)]
    case 'null':
      return null
  }
  const properties = isRecord(schema.properties) ? Object.entries(schema.properties) : []
  return Object.fromEntries(properties.map(([key, value]) => [key, valueFor(value, random, depth + 1)]))
}

/** Pieces of about the size of tokens: a word with the space before it, a few characters of anything else. */
function splitTokens(text: string): string[] {
  return text.match(/ ?[A-Za-z]{1,8}| ?[^A-Za-z ]{1,3}| /g) ?? []
}

function countText(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / 4)
}

function countPrompt(messages: unknown[]): number {
  let tokens = 3
  for (const message of messages) tokens += 4 + (isRecord(message) ? countText(textOf(message.content)) : 0)
  return tokens
}

/** As vendors do: a prefix of at least 1,024 tokens is found again, in steps of 128. */
function cachedTokens(messages: unknown[], promptTokens: number): number {
  if (promptTokens < 1_024 || messages.length < 2) return 0
  const prefix = countPrompt(messages.slice(0, -1))
  return prefix < 1_024 ? 0 : Math.min(promptTokens, Math.floor(prefix / 128) * 128)
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return content
    .map((part: unknown) => (isRecord(part) && typeof part.text === 'string' ? part.text : ''))
    .join('')
}

function capOf({ max_completion_tokens: cap, max_tokens: older }: Record<string, unknown>): number {
  if (typeof cap === 'number') return cap
  return typeof older === 'number' ? older : Number.POSITIVE_INFINITY
}

function pick<T>(list: readonly T[], random: () => number): T {
  return list[Math.floor(random() * list.length)] as T
}

/** mulberry32: small, even, the same everywhere. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
