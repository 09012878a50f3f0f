/** The body of a call, made once: what is sent, what the snippets show, and what a gateway is asked about beforehand. */
import type { Prompt, Turn } from './prompt'

export interface CallSettings {
  readonly stream: boolean
  readonly temperature: number | null
  readonly maxTokens: number | null
}

export type ChatBody = Readonly<Record<string, unknown>>

export interface PromptProblem {
  /** `turns.2`, `tools` or `schema`. */
  readonly path: string
  readonly message: string
}

type Built = { readonly body: ChatBody } | { readonly problems: readonly PromptProblem[] }

/** The body for `POST /v1/chat/completions`, or what is wrong where. */
export function chatBody(prompt: Prompt, settings: CallSettings, route: string): Built {
  const tools = parsed(prompt.tools, 'tools', Array.isArray, 'a list, as [{"type": "function", …}]')
  const schema = parsed(prompt.schema, 'schema', isObject, 'a JSON object')
  const problems = [
    ...prompt.turns.flatMap((turn, at) => problemOf(turn, at)),
    ...[tools, schema].flatMap((part) => ('message' in part ? [part] : [])),
  ]
  if (problems.length > 0 || 'message' in tools || 'message' in schema) return { problems }
  const { stream, temperature, maxTokens } = settings
  return {
    body: {
      model: route,
      messages: [
        ...(prompt.system.trim() === '' ? [] : [{ role: 'system', content: prompt.system }]),
        ...prompt.turns.map(messageOf),
      ],
      // Without usage a stream tells neither its tokens nor its cost.
      ...(stream ? { stream: true, stream_options: { include_usage: true } } : {}),
      ...(temperature === null ? {} : { temperature }),
      ...(maxTokens === null ? {} : { max_completion_tokens: maxTokens }),
      ...(tools.value === null ? {} : { tools: tools.value }),
      ...(schema.value === null ? {} : { response_format: responseFormat(schema.value) }),
    },
  }
}

function problemOf(turn: Turn, at: number): PromptProblem[] {
  const isEmpty =
    turn.text.trim() === '' &&
    (turn.role === 'tool' || (turn.role === 'user' ? turn.images.length === 0 : turn.toolCalls.length === 0))
  if (!isEmpty) return []
  const message = turn.role === 'tool' ? 'write what the tool returned' : 'write a message'
  return [{ path: `turns.${at}`, message }]
}

function messageOf(turn: Turn): ChatBody {
  if (turn.role === 'tool') return { role: 'tool', tool_call_id: turn.toolCallId, content: turn.text }
  if (turn.role === 'user') {
    if (turn.images.length === 0) return { role: 'user', content: turn.text }
    const images = turn.images.map((url) => ({ type: 'image_url', image_url: { url } }))
    const text = turn.text.trim() === '' ? [] : [{ type: 'text', text: turn.text }]
    return { role: 'user', content: [...text, ...images] }
  }
  if (turn.toolCalls.length === 0) return { role: 'assistant', content: turn.text }
  return {
    role: 'assistant',
    content: turn.text === '' ? null : turn.text,
    tool_calls: turn.toolCalls.map(({ id, name, arguments: given }) => ({
      id,
      type: 'function',
      function: { name, arguments: given },
    })),
  }
}

/** A bare schema gets a name; one that is `{name, schema}` already, as OpenAI has it, stays as it is. */
function responseFormat(schema: Record<string, unknown>): ChatBody {
  const whole = typeof schema.name === 'string' && isObject(schema.schema)
  return { type: 'json_schema', json_schema: whole ? schema : { name: 'answer', schema } }
}

function parsed<T>(
  text: string,
  path: string,
  fits: (value: unknown) => value is T,
  wanted: string,
): { readonly value: T | null } | PromptProblem {
  if (text.trim() === '') return { value: null }
  try {
    const value: unknown = JSON.parse(text)
    return fits(value) ? { value } : { path, message: `must be ${wanted}` }
  } catch (cause) {
    return { path, message: `not JSON: ${cause instanceof Error ? cause.message : 'unreadable'}` }
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
