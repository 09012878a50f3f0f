/**
 * How hard a task looks, 0 to 100, from what can be seen at no cost: its size, what it brings along and the words of the
 * last message. A rough guess that says what it is made of; it reads no meaning.
 */
import { asksForJson } from '../dialects/openai-chat-request.ts'
import { isRecord } from '../dialects/openai-usage.ts'
import type { Asked } from './asked.ts'

export interface Complexity {
  readonly score: number
  /** For people: `about 4,000 input tokens (+18)`. */
  readonly parts: readonly string[]
}

/** Of the last message no more is looked at. */
const MAX_READ_CHARACTERS = 8_000
const HARD_WORDS =
  /\b(prove|derive|step by step|analy[sz]e|compare|trade-?offs?|refactor|debug|optimi[sz]e|architect\w*|design|algorithm|theorem|plan|strategy|root cause|review)\b/gi

export function complexityOf({ chat }: Pick<Asked, 'chat'>): Complexity {
  const { fields, estimatedInputTokens } = chat
  const messages = Array.isArray(fields.messages) ? fields.messages.filter(isRecord) : []
  const text = lastText(messages)
  const parts: string[] = []
  let score = 0
  const add = (points: number, words: string) => {
    if (points <= 0) return
    score += points
    parts.push(`${words} (+${points})`)
  }
  const doublings = Math.log2(Math.max(1, estimatedInputTokens / 250))
  add(Math.min(30, Math.round(doublings * 5)), `about ${estimatedInputTokens} input tokens`)
  add(Math.min(10, Math.floor(messages.length / 3)), `${messages.length} messages`)
  const tools = Array.isArray(fields.tools) ? fields.tools.length : 0
  add(Math.min(15, tools * 5), `${tools} tool${tools === 1 ? '' : 's'}`)
  if (hasImages(messages)) add(10, 'images')
  if (asksForJson(fields)) add(5, 'JSON asked for')
  if (/```|\b(function|class|def|SELECT|import)\b[^.]{0,80}[({;]/.test(text)) add(15, 'code')
  const words = new Set((text.match(HARD_WORDS) ?? []).map((word) => word.toLowerCase()))
  add(Math.min(25, words.size * 8), `words such as ${[...words].slice(0, 3).join(', ')}`)
  if (fields.reasoning_effort === 'high') add(20, 'high reasoning effort')
  else if (fields.reasoning_effort === 'medium') add(10, 'medium reasoning effort')
  return { score: Math.min(100, score), parts }
}

export function hasImages(messages: unknown): boolean {
  return (
    Array.isArray(messages) &&
    messages.some(
      (message) =>
        isRecord(message) &&
        Array.isArray(message.content) &&
        message.content.some((part) => isRecord(part) && part.type === 'image_url'),
    )
  )
}

function lastText(messages: readonly Record<string, unknown>[]): string {
  const content = messages.findLast(({ role }) => role === 'user')?.content
  if (typeof content === 'string') return content.slice(0, MAX_READ_CHARACTERS)
  if (!Array.isArray(content)) return ''
  const texts = content.flatMap((part) =>
    isRecord(part) && typeof part.text === 'string' ? [part.text] : [],
  )
  return texts.join('\n').slice(0, MAX_READ_CHARACTERS)
}
