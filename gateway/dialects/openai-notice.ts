/** Puts a line before the text of an answer or of a chunk, in the bytes: all else stays as the vendor sent it. */
import { type JsonMember, scanObject, spliceBytes } from '../codec/json-scan.ts'

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

function memberOf(bytes: Buffer, from: number, key: string): JsonMember | undefined {
  return scanObject(bytes, from)?.members.find((member) => member.key === key)
}
