/**
 * Refusals that come as answers: OpenAI documents `finish_reason: "content_filter"`, and `refusal` beside `content` in a
 * message or a delta.
 */
import { isRecord } from './openai-usage.ts'

/** What a chunk of a stream says: words of any kind, a refusal alone, the end of an answer, or nothing yet. */
export type Said = 'content' | 'refusal' | 'end' | null

/** @param chunk one event, parsed; content of any choice outweighs what the others say. */
export function saidIn({ choices }: Record<string, unknown>): Said {
  let said: Said = null
  if (!Array.isArray(choices)) return said
  for (const choice of choices) {
    if (!isRecord(choice)) continue
    const delta = isRecord(choice.delta) ? choice.delta : {}
    if (isSaid(choice.text) || saysMore(delta)) return 'content'
    if (isSaid(delta.refusal) || choice.finish_reason === 'content_filter') said = 'refusal'
    else if (isSaid(choice.finish_reason)) said ??= 'end'
  }
  return said
}

/** Whether each choice of a whole answer was stopped by a filter, or says nothing but that it refuses. */
export function isRefusal({ choices }: Record<string, unknown>): boolean {
  if (!Array.isArray(choices) || choices.length === 0) return false
  return choices.every((choice) => {
    if (!isRecord(choice)) return false
    if (choice.finish_reason === 'content_filter') return true
    return isRecord(choice.message) && isSaid(choice.message.refusal) && !saysMore(choice.message)
  })
}

/** In text, tools, reasoning, audio or anything else that a vendor may name. */
function saysMore(message: Record<string, unknown>): boolean {
  for (const key in message) if (key !== 'role' && key !== 'refusal' && isSaid(message[key])) return true
  return false
}

function isSaid(value: unknown): boolean {
  return typeof value === 'string' ? value !== '' : Array.isArray(value) ? value.length > 0 : isRecord(value)
}
