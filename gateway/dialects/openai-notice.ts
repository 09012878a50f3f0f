/** Puts a line before the text of an answer or of a chunk, in the bytes: all else stays as the vendor sent it. */
import { type JsonMember, scanObject, spliceBytes } from '../codec/json-scan.ts'
import { isRecord } from './openai-usage.ts'

/** Null when the first choice carries no text, as with a tool call. */
export function withNotice(bytes: Buffer, holder: 'message' | 'delta', notice: string): Buffer | null {
  const choices = memberOf(bytes, 0, 'choices')
  if (!choices || bytes[choices.valueStart] !== 0x5b) return null
  const message = memberOf(bytes, choices.valueStart + 1, holder)
  const content = message ? memberOf(bytes, message.valueStart, 'content') : undefined
  if (!content || bytes[content.valueStart] !== 0x22 || content.valueEnd - content.valueStart <= 2)
    return null
  const at = content.valueStart + 1
  return spliceBytes(bytes, [{ start: at, end: at, text: JSON.stringify(`${notice}\n\n`).slice(1, -1) }])
}

/** What became of the line: it stands in the answer, or the answer calls a tool, or has no text. */
export type NoticeFate = 'told' | 'toolCall' | 'noText'

/** Whether the first choice of an answer, or of a chunk, calls a tool. */
export function callsTool(fields: Record<string, unknown> | undefined): boolean {
  const choice: unknown = Array.isArray(fields?.choices) ? fields.choices[0] : null
  const message = isRecord(choice) ? (choice.message ?? choice.delta) : null
  return isRecord(message) && Array.isArray(message.tool_calls) && message.tool_calls.length > 0
}

function memberOf(bytes: Buffer, from: number, key: string): JsonMember | undefined {
  return scanObject(bytes, from)?.members.find((member) => member.key === key)
}
