/** What a person has written in the Playground: the conversation, and what may be called or must come back. */
import { z } from 'zod'

export const toolCall = z.object({ id: z.string(), name: z.string(), arguments: z.string() })
export type ToolCall = z.infer<typeof toolCall>

const turn = z.discriminatedUnion('role', [
  z.object({
    role: z.literal('user'),
    text: z.string(),
    /** Addresses, or files as `data:` URLs. */
    images: z.array(z.string()),
  }),
  z.object({ role: z.literal('assistant'), text: z.string(), toolCalls: z.array(toolCall) }),
  z.object({ role: z.literal('tool'), text: z.string(), toolCallId: z.string() }),
])
export type Turn = z.infer<typeof turn>
export type Role = Turn['role']

export const prompt = z.object({
  system: z.string(),
  turns: z.array(turn).min(1),
  /** A JSON array as OpenAI's `tools`; empty for none. */
  tools: z.string(),
  /** A JSON schema that the answer must fit; empty for none. */
  schema: z.string(),
})
export type Prompt = z.infer<typeof prompt>

export const FIRST_PROMPT: Prompt = {
  system: '',
  turns: [{ role: 'user', text: '', images: [] }],
  tools: '',
  schema: '',
}

export function emptyTurn(role: 'user' | 'assistant'): Turn {
  return role === 'user' ? { role, text: '', images: [] } : { role, text: '', toolCalls: [] }
}

/** The conversation with an answer taken into it, and room for what comes next: results of its tools, or a message. */
export function continued(from: Prompt, answer: { text: string; toolCalls: readonly ToolCall[] }): Prompt {
  const next: Turn[] =
    answer.toolCalls.length === 0
      ? [emptyTurn('user')]
      : answer.toolCalls.map(({ id }) => ({ role: 'tool', text: '', toolCallId: id }))
  return {
    ...from,
    turns: [
      ...from.turns,
      { role: 'assistant', text: answer.text, toolCalls: [...answer.toolCalls] },
      ...next,
    ],
  }
}
