/**
 * Finds the members of a JSON object in its bytes, so that a value can be replaced without touching the rest. It looks at
 * the top level of one object only: `"model":` inside a message is text to it. It does not judge validity; that is
 * `JSON.parse`'s, before or after.
 */

export interface JsonMember {
  /** Decoded. */
  readonly key: string
  /** From the key's opening quote. */
  readonly start: number
  readonly valueStart: number
  /** Just behind the value. */
  readonly valueEnd: number
}

export interface JsonObjectScan {
  readonly members: readonly JsonMember[]
  /** Where the object's closing brace stands. */
  readonly end: number
  /** Nesting of the deepest array or object; 1 for a flat object. */
  readonly depth: number
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const COMMA = 0x2c
const COLON = 0x3a

/** Members of the object that starts at or after `from` (white space is skipped); null when there is none. */
export function scanObject(bytes: Buffer, from = 0): JsonObjectScan | null {
  let position = skipSpace(bytes, from)
  if (bytes[position] !== OPEN_BRACE) return null
  const members: JsonMember[] = []
  let depth = 1
  let deepest = 1
  let keyStart = -1
  let key = ''
  let valueStart = -1
  let valueEnd = -1
  position += 1
  while (position < bytes.length) {
    const byte = bytes[position]
    if (byte === QUOTE) {
      const end = endOfString(bytes, position)
      if (end === -1) return null
      if (depth === 1) {
        if (keyStart === -1) {
          keyStart = position
          key = decodeKey(bytes, position, end)
        } else if (valueStart === -1) valueStart = position
        valueEnd = end
      }
      position = end
      continue
    }
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      if (depth === 1 && valueStart === -1) valueStart = position
      depth += 1
      if (depth > deepest) deepest = depth
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      depth -= 1
      if (depth === 0) {
        if (keyStart !== -1) members.push({ key, start: keyStart, valueStart, valueEnd })
        return { members, end: position, depth: deepest }
      }
      if (depth === 1) valueEnd = position + 1
    } else if (depth === 1) {
      if (byte === COMMA) {
        if (keyStart !== -1) members.push({ key, start: keyStart, valueStart, valueEnd })
        keyStart = -1
        valueStart = -1
      } else if (byte !== COLON && !isSpace(byte)) {
        if (valueStart === -1) valueStart = position
        valueEnd = position + 1
      }
    }
    position += 1
  }
  return null
}

/** Just behind a string's closing quote; -1 when it never closes. `indexOf` makes long strings cheap. */
function endOfString(bytes: Buffer, open: number): number {
  let from = open + 1
  for (;;) {
    const quote = bytes.indexOf(QUOTE, from)
    if (quote === -1) return -1
    let backslashes = 0
    while (bytes[quote - 1 - backslashes] === BACKSLASH) backslashes += 1
    if (backslashes % 2 === 0) return quote + 1
    from = quote + 1
  }
}

/** A key may be written with escapes (`"mod\u0065l"`), which mean the same. */
function decodeKey(bytes: Buffer, start: number, end: number): string {
  const text = bytes.toString('utf8', start, end)
  if (!text.includes('\\')) return text.slice(1, -1)
  try {
    return JSON.parse(text) as string
  } catch {
    return text
  }
}

function skipSpace(bytes: Buffer, from: number): number {
  let position = from
  while (isSpace(bytes[position])) position += 1
  return position
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

export interface Splice {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** The bytes with each span replaced. Spans must not overlap. */
export function spliceBytes(bytes: Buffer, splices: readonly Splice[]): Buffer {
  if (splices.length === 0) return bytes
  const sorted = splices.length === 1 ? splices : [...splices].sort((a, b) => a.start - b.start)
  let most = bytes.length
  for (const { text } of sorted) most += text.length * MAX_UTF8_BYTES
  const spliced = Buffer.allocUnsafe(most)
  let from = 0
  let to = 0
  for (const { start, end, text } of sorted) {
    spliced.set(bytes.subarray(from, start), to)
    to += start - from
    to += spliced.write(text, to)
    from = end
  }
  spliced.set(bytes.subarray(from), to)
  return spliced.subarray(0, to + bytes.length - from)
}

/** Of one unit of a string, at most. */
const MAX_UTF8_BYTES = 3

/** Spans that put `"key":text` into an object: over the member's value, or before the closing brace. */
export function setMember(scan: JsonObjectScan, key: string, text: string): Splice {
  const member = scan.members.find((candidate) => candidate.key === key)
  if (member) return { start: member.valueStart, end: member.valueEnd, text }
  const comma = scan.members.length === 0 ? '' : ','
  return { start: scan.end, end: scan.end, text: `${comma}${JSON.stringify(key)}:${text}` }
}

/** The span that takes a member out with one of its commas; null when it isn't there. */
export function removeMember(scan: JsonObjectScan, key: string): Splice | null {
  return removeMembers(scan, [key])[0] ?? null
}

/** The spans that take members out with their commas, neighbours as one. */
export function removeMembers({ members }: JsonObjectScan, keys: readonly string[]): Splice[] {
  const splices: Splice[] = []
  let kept: JsonMember | null = null
  let run: JsonMember[] = []
  const close = (next: JsonMember | null) => {
    const first = run[0]
    const last = run.at(-1)
    if (first && last) {
      // In front of all the comma behind goes too, else the one before.
      const start = kept ? kept.valueEnd : first.start
      splices.push({ start, end: kept || !next ? last.valueEnd : next.start, text: '' })
    }
    run = []
  }
  for (const member of members) {
    if (keys.includes(member.key)) run.push(member)
    else {
      close(member)
      kept = member
    }
  }
  close(null)
  return splices
}
