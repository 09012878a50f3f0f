/** OpenAI's documented wire, byte for byte, as the fake vendor speaks it. Shares no code with what reads it. */

export interface FakeUsage {
  prompt_tokens: number
  completion_tokens: number
  total_tokens: number
  prompt_tokens_details?: Record<string, number>
  completion_tokens_details?: Record<string, number>
  [other: string]: unknown
}

export interface FakeToolCall {
  readonly name: string
  readonly arguments: string
}

export interface WireAnswer {
  readonly id: string
  readonly created: number
  readonly model: string
  /** The answer's text, a token an entry; the pieces of the arguments when a tool is called. */
  readonly tokens: readonly string[]
  readonly toolCall: FakeToolCall | null
  readonly usage: FakeUsage | null
  /** The one that was served, whatever was asked for. */
  readonly serviceTier: string
}

export function wholeAnswer({
  id,
  created,
  model,
  tokens,
  toolCall,
  usage,
  serviceTier,
}: WireAnswer): string {
  const text = tokens.join('')
  const message = toolCall
    ? {
        role: 'assistant',
        content: null,
        tool_calls: [
          { id: 'call_fake1', type: 'function', function: { name: toolCall.name, arguments: text } },
        ],
        refusal: null,
        annotations: [],
      }
    : { role: 'assistant', content: text, refusal: null, annotations: [] }
  return JSON.stringify(
    {
      id,
      object: 'chat.completion',
      created,
      model,
      choices: [{ index: 0, message, logprobs: null, finish_reason: toolCall ? 'tool_calls' : 'stop' }],
      ...(usage ? { usage } : {}),
      service_tier: serviceTier,
      system_fingerprint: 'fp_fake',
    },
    null,
    2,
  )
}

/** One entry an event: the role, the tokens, the finish, the usage if it was asked for, `[DONE]`. */
export function streamedAnswer(answer: WireAnswer, includeUsage: boolean): string[] {
  const { id, created, model, tokens, toolCall, usage, serviceTier } = answer
  const event = (choices: object[], told: FakeUsage | null) =>
    `data: ${JSON.stringify({
      id,
      object: 'chat.completion.chunk',
      created,
      model,
      service_tier: serviceTier,
      system_fingerprint: 'fp_fake',
      choices,
      ...(includeUsage ? { usage: told } : {}),
      obfuscation: 'x7Qp2',
    })}\n\n`
  const delta = (value: object, finish: string | null = null) =>
    event([{ index: 0, delta: value, logprobs: null, finish_reason: finish }], null)
  const opening = toolCall
    ? {
        role: 'assistant',
        content: null,
        tool_calls: [
          { index: 0, id: 'call_fake1', type: 'function', function: { name: toolCall.name, arguments: '' } },
        ],
        refusal: null,
      }
    : { role: 'assistant', content: '', refusal: null }
  return [
    delta(opening),
    ...tokens.map((token) =>
      delta(toolCall ? { tool_calls: [{ index: 0, function: { arguments: token } }] } : { content: token }),
    ),
    delta({}, toolCall ? 'tool_calls' : 'stop'),
    ...(includeUsage && usage ? [event([], usage)] : []),
    'data: [DONE]\n\n',
  ]
}

export function errorEnvelope(status: number, message: string | undefined): string {
  const known: Record<number, [message: string, type: string, code: string | null]> = {
    400: ['Invalid value.', 'invalid_request_error', null],
    401: ['Incorrect API key provided: sk-fake***here.', 'invalid_request_error', 'invalid_api_key'],
    404: ['The model does not exist.', 'invalid_request_error', 'model_not_found'],
    429: ['Rate limit reached.', 'requests', 'rate_limit_exceeded'],
  }
  const [words, type, code] = known[status] ?? ['The server had an error.', 'server_error', null]
  return JSON.stringify({ error: { message: message ?? words, type, param: null, code } }, null, 2)
}
