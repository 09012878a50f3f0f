/**
 * Failures that come inside a 200: OpenAI's `error` at the top, Groq's in `x_groq`, OpenRouter's beside a choice, and the
 * finish reasons by which Mistral and OpenRouter (`error`) and DeepSeek (`insufficient_system_resource`) say that an answer
 * broke off.
 */
import { isRecord } from './openai-usage.ts'

const BROKEN_OFF: ReadonlySet<unknown> = new Set(['error', 'insufficient_system_resource'])

/** Whether a finish reason says that the vendor failed. */
export function isBrokenOff(finishReason: string | null): boolean {
  return BROKEN_OFF.has(finishReason)
}

/** What went wrong, as it would stand in OpenAI's `error`; null when nothing did, or not to all choices. */
export function failureIn({ error, x_groq: groq, choices }: Record<string, unknown>): unknown {
  if (error) return error
  if (isRecord(groq) && groq.error) return groq.error
  if (!Array.isArray(choices)) return null
  const failures = choices.map(failureOfChoice)
  return failures.every((failure) => failure !== null) ? (failures[0] ?? null) : null
}

function failureOfChoice(choice: unknown): unknown {
  if (!isRecord(choice)) return null
  if (choice.error) return choice.error
  const { finish_reason: code } = choice
  return BROKEN_OFF.has(code) ? { message: `The answer broke off (${code}).`, code } : null
}
