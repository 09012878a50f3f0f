/** An answer as it grows, from the chunks of a stream or from a whole body. What is unknown in them is passed over. */
import { z } from 'zod'
import type { ToolCall } from './prompt'

export interface Answer {
  readonly text: string
  readonly reasoning: string
  readonly refusal: string
  readonly toolCalls: readonly ToolCall[]
  readonly finishReason: string | null
  readonly usage: AnswerUsage | null
  /** Null: not told, or unpriced. */
  readonly costUsd: string | null
}

export interface AnswerUsage {
  readonly inputTokens: number
  readonly outputTokens: number
  readonly cachedInputTokens: number
  readonly reasoningTokens: number
}

export const NO_ANSWER: Answer = {
  text: '',
  reasoning: '',
  refusal: '',
  toolCalls: [],
  finishReason: null,
  usage: null,
  costUsd: null,
}

const text = z.string().nullish().catch(null)
const count = z.number().nullish().catch(null)
const said = z.object({
  content: text,
  reasoning: text,
  reasoning_content: text,
  refusal: text,
  tool_calls: z
    .array(
      z.object({
        index: count,
        id: text,
        function: z.object({ name: text, arguments: text }).nullish(),
      }),
    )
    .nullish()
    .catch(null),
})
const body = z.object({
  choices: z
    .array(z.object({ delta: said.nullish(), message: said.nullish(), finish_reason: text }))
    .nullish()
    .catch(null),
  usage: z
    .object({
      prompt_tokens: count,
      completion_tokens: count,
      prompt_tokens_details: z.object({ cached_tokens: count }).nullish().catch(null),
      completion_tokens_details: z.object({ reasoning_tokens: count }).nullish().catch(null),
      gatehouse_cost_usd: text,
    })
    .nullish()
    .catch(null),
})

/** The answer with a chunk, or a whole body, added to it. */
export function withPart(answer: Answer, part: unknown): Answer {
  const { data } = body.safeParse(part)
  if (!data) return answer
  const choice = data.choices?.[0]
  const more = choice?.delta ?? choice?.message
  return {
    text: answer.text + (more?.content ?? ''),
    reasoning: answer.reasoning + (more?.reasoning_content ?? more?.reasoning ?? ''),
    refusal: answer.refusal + (more?.refusal ?? ''),
    toolCalls: more?.tool_calls ? withToolCalls(answer.toolCalls, more.tool_calls) : answer.toolCalls,
    finishReason: choice?.finish_reason ?? answer.finishReason,
    usage: data.usage
      ? {
          inputTokens: data.usage.prompt_tokens ?? 0,
          outputTokens: data.usage.completion_tokens ?? 0,
          cachedInputTokens: data.usage.prompt_tokens_details?.cached_tokens ?? 0,
          reasoningTokens: data.usage.completion_tokens_details?.reasoning_tokens ?? 0,
        }
      : answer.usage,
    costUsd: data.usage?.gatehouse_cost_usd ?? answer.costUsd,
  }
}

type CallParts = NonNullable<z.infer<typeof said>['tool_calls']>

/** A stream begins each call with its id and name, and then sends its arguments in pieces, by its index. */
function withToolCalls(before: readonly ToolCall[], parts: CallParts): readonly ToolCall[] {
  const calls = [...before]
  for (const part of parts) {
    const at = part.index ?? calls.length
    const call = calls[at] ?? { id: '', name: '', arguments: '' }
    calls[at] = {
      id: part.id ?? call.id,
      // Some servers say the name again with each piece.
      name: call.name || (part.function?.name ?? ''),
      arguments: call.arguments + (part.function?.arguments ?? ''),
    }
  }
  return calls
}

/** Whether anything has come that a reader would see. */
export function isBegun({ text, reasoning, refusal, toolCalls }: Answer): boolean {
  return text !== '' || reasoning !== '' || refusal !== '' || toolCalls.length > 0
}
